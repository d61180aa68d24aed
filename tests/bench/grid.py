#!/usr/bin/env python3
"""The bench: hubgate's Modbus server against the least a server can do, in one interleaved run.

    grid.py [--build DIR] [--rounds N] [--quick] [--core N] [--out FILE] [--only grid,limits,start,rtu]

Every cell is a round of short runs, one for each server, the order turning from round to round; a
ratio is the median of the ratios to the echo server (echo.c) of the same round. Client and server
share one core: placement moves the numbers more than any server does. A second echo server is
measured like the others: what it deviates from 1 is the noise. A round in which other programs took
more than a tenth of the core is made again. The table goes to the terminal and to build/bench.md;
exit code 0 when every target is met. Ends with "N passed, M failed".
"""
import argparse
import math
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time

REGISTERS, CONNECTIONS, DEPTHS = (10, 60, 125), (1, 8, 64, 512), (1, 8)
AGAIN = 3  # times a disturbed round is made again ...
SPARE = 150.0  # ... while all that took no longer than this together, s
NOISE = 0.05  # echo against itself: a cell that is off by more is made again, too

ap = argparse.ArgumentParser()
ap.add_argument("--build", default="build")
ap.add_argument("--rounds", type=int, default=5)
ap.add_argument("--seconds", type=float, default=0.3)
ap.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)))
ap.add_argument("--out", default="")
ap.add_argument("--only", default="grid,limits,start,rtu")
ap.add_argument("--quick", action="store_true", help="one round of a few cells: does it all work?")
opt = ap.parse_args()
TESTS = os.path.abspath(opt.build) + "/tests/"
HUBGATE = os.path.abspath(opt.build) + "/hubgate"
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TMP = tempfile.TemporaryDirectory()
if opt.quick:
    opt.rounds, REGISTERS, CONNECTIONS = 1, (10, 60), (1, 64)


# ---- servers and load ----

def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


def pin():
    os.sched_setaffinity(0, {opt.core})


def option_there(name):
    """Whether hubgate knows an option: older ones have no cap per address."""
    return re.search(rf"^;?\s*{name}\b", open(ROOT + "/config/hub.ini").read(), re.M) is not None


class Server:
    all = []

    def __init__(self, name, most, command):
        self.name, self.most, self.port = name, most, free_port()
        self.log = open(f"{TMP.name}/{name}.log", "w")
        self.process = subprocess.Popen(command(self.port), stdout=self.log, stderr=self.log, preexec_fn=pin)
        self.pid = self.process.pid
        Server.all.append(self)
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.02)
        sys.exit(f"grid.py: {name} does not answer:\n" + open(self.log.name).read())

    def rss_kb(self):
        return int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{self.pid}/status").read())[1])

    def end(self):
        self.process.terminate()
        self.process.wait()
        Server.all.remove(self)


def echo(registers, name="echo"):
    return Server(name, 8000, lambda port: [TESTS + "echo", str(port), str(registers)])


def fixture():
    return Server("fixture", 4000, lambda port: [TESTS + "modbus_fixture", "--tcp", str(port), "--connections", "4096"])


def gateway():
    def command(port):
        path = f"{TMP.name}/gateway.ini"
        more = "".join(f"{k} = 1000\n" for k in ("connections", "per_address") if option_there(k))
        with open(path, "w") as ini:
            ini.write("[hub]\nclusters = 2\n[cluster.1]\nlink = sim\n[cluster.2]\nlink = sim\n[inverter.1]\n"
                      f"link = sim\nprotocol = victron\n[modbus.tcp]\nlisten = 127.0.0.1:{port}\n{more}")
        return [HUBGATE, "run", "-c", path]
    return Server("gateway", 1000, command)


def select():
    return Server("select", 1000, lambda port: [TESTS + "select_server", str(port)])


def keys(text):
    return {k: float(v) for k, v in (line.split() for line in text.splitlines())}


def load(server, **options):
    """One run of load.c; its numbers, and `wrong` when an answer was missing or not right."""
    args = [str(x) for k, v in options.items() for x in ("--" + k, v)]
    r = subprocess.run([TESTS + "load", str(server.port), "--pid", str(server.pid), *args],
                       capture_output=True, text=True, preexec_fn=pin)
    got = keys(r.stdout)
    got["wrong"] = r.returncode
    got["busy"] = (got.get("cpu_us", 0) + got.get("load_cpu_us", 0)) * got.get("rps", 0) / 1e6
    return got


# ---- cells ----

spare = SPARE


def one_round(servers, turn, **options):
    """{name: numbers} of one run each, in turning order; made again while others disturb."""
    global spare
    order = servers if turn % 2 == 0 else servers[::-1]
    options.setdefault("seconds", opt.seconds)
    for _ in range(AGAIN + 1):
        began = time.monotonic()
        got = {s.name: load(s, **options) for s in order}
        if all(g["busy"] > 0.9 for g in got.values()) or spare < 0:
            break
        spare -= time.monotonic() - began
    return got


def spread(g):
    return g["client_max"] / g["client_min"] if g["client_min"] else math.inf


def cell(servers, rounds, **options):
    """{name: ratios to echo, medians of the rounds}, and echo's own numbers."""
    took = [one_round(servers, turn, **options) for turn in range(rounds)]
    out = {}
    for s in servers:
        ratio = lambda key: statistics.median(t[s.name].get(key, 0) / t["echo"][key] for t in took)
        out[s.name] = {k: ratio(k) for k in ("rps", "cpu_us", "p99_us")}
        out[s.name]["fair"] = statistics.median(spread(t[s.name]) for t in took)
        out[s.name]["wrong"] = sum(t[s.name]["wrong"] != 0 for t in took)
    out["limit"] = {k: statistics.median(t["echo"][k] for t in took) for k in ("rps", "cpu_us", "p50_us", "p99_us", "p999_us")}
    out["quiet"] = sum(all(g["busy"] > 0.9 for g in t.values()) for t in took) / rounds
    return out


def quiet_cell(servers, rounds, **options):
    """A cell in which echo against itself is off by more than NOISE says nothing of anybody: it is
    measured again. The servers under test have no say in it."""
    global spare
    for _ in range(AGAIN + 1):
        began = time.monotonic()
        c = cell(servers, rounds, **options)
        if abs(c["echo again"]["rps"] - 1) <= NOISE or spare < 0:
            break
        spare -= time.monotonic() - began
    return c


def grid():
    """{(registers, connections, depth): cell}. The usual choice runs one round beside: its distance
    is no matter of percents."""
    cells = {}
    common = [fixture(), gateway()]
    usual = select()
    for registers in REGISTERS:
        echoes = [echo(registers), echo(registers, "echo again")]
        for depth in DEPTHS:
            for n in CONNECTIONS:
                key = (registers, n, depth)
                options = {"registers": registers, "connections": n, "depth": depth}
                options["warmup"] = 0.1 + n / 5000
                options["function"] = 4  # the fixture's input registers are copied, as all of the gateway's are
                options["seconds"] = opt.seconds * (2 if n > 100 else 1)  # a hundred requests of each, to compare
                servers = [echoes[0], *common, echoes[1]]
                if registers > 60:
                    servers.remove(common[1])  # no block of the real map is that long
                cells[key] = quiet_cell(servers, opt.rounds, **options)
                cells[key]["select"] = cell([echoes[0], usual], 1, **options)["select"]
                say(cell_line(key, cells[key]))
        for e in echoes:
            e.end()
    for s in (*common, usual):
        s.end()
    return cells


# ---- words ----

lines, verdicts = [], []


def say(line=""):
    print(line, flush=True)
    lines.append(line)


def verdict(what, value, target, good, unit=""):
    verdicts.append(good)
    say(f"| {what} | {value:.3g}{unit} | {target} | {'ok' if good else '**FAIL**'} |")


def ratios(c, name):
    if name not in c:
        return "- | - | - | -"
    r = c[name]
    wrong = f" ({r['wrong']} runs wrong)" if r["wrong"] else ""
    return f"{r['rps']:.2f}{wrong} | {r['cpu_us']:.2f} | {r['p99_us']:.2f} | {r['fair']:.2f}"


def cell_line(key, c):
    limit = c["limit"]
    return (f"| {key[0]} | {key[1]} | {key[2]} | {limit['rps'] / 1000:.0f}k | {limit['cpu_us']:.2f} | "
            f"{limit['p50_us']:.0f} / {limit['p99_us']:.0f} / {limit['p999_us']:.0f} | {ratios(c, 'echo again')} | "
            f"{ratios(c, 'fixture')} | {ratios(c, 'gateway')} | {c['select']['rps']:.2f} | {c['quiet']:.0%} |")


def grid_head():
    say("## The grid")
    say()
    say("Ratios to the echo server of the same messages: requests/s, CPU per request, p99, then busiest to slowest client.")
    say()
    say("| registers | clients | depth | limit: requests/s | CPU us | p50 / p99 / p99.9 us | noise: req/s | CPU | p99 | fair "
        "| fixture: req/s | CPU | p99 | fair | gateway: req/s | CPU | p99 | fair | libmodbus select: req/s | quiet |")
    say("|" + "---|" * 20)


def mean(cells, name, key, depth):
    values = [c[name][key] for k, c in cells.items() if name in c and (not depth or k[2] == depth)]
    return math.exp(statistics.fmean(math.log(max(v, 1e-9)) for v in values))


def verdict_head():
    say()
    say("| what | measured | target | verdict |")
    say("|---|---|---|---|")


def judge_grid(cells):
    verdict_head()
    for name in ("fixture", "gateway"):
        mine = {k: c for k, c in cells.items() if name in c}
        worst = min(mine, key=lambda k: mine[k][name]["rps"])
        unfair = max(mine, key=lambda k: mine[k][name]["fair"])
        verdict(f"{name}: requests/s, mean at depth 1", (v := mean(cells, name, "rps", 1)), ">= 0.95", v >= 0.95)
        verdict(f"{name}: worst cell, {'%d registers, %d clients, depth %d' % worst}",
                (v := mine[worst][name]["rps"]), ">= 0.90", v >= 0.90)
        verdict(f"{name}: CPU per request, mean at depth 1", (v := mean(cells, name, "cpu_us", 1)), "<= 1.08", v <= 1.08)
        verdict(f"{name}: p99, mean at depth 1", (v := mean(cells, name, "p99_us", 1)), "<= 1.15", v <= 1.15)
        verdict(f"{name}: busiest to slowest client, worst cell", (v := mine[unfair][name]["fair"]), "<= 1.2", v <= 1.2)
        verdict(f"{name}: runs with an answer wrong or missing", (v := sum(c[name]["wrong"] for c in mine.values())), "0", v == 0)
    say(f"| noise: echo against itself, depth 1 | {mean(cells, 'echo again', 'rps', 1):.3f}, CPU "
        f"{mean(cells, 'echo again', 'cpu_us', 1):.3f}, p99 {mean(cells, 'echo again', 'p99_us', 1):.3f} | | |")
    for name in ("fixture", "gateway", "echo again"):
        say(f"| {name}: requests/s, CPU, p99, mean at depth 8 | {mean(cells, name, 'rps', 8):.3f}, "
            f"{mean(cells, name, 'cpu_us', 8):.3f}, {mean(cells, name, 'p99_us', 8):.3f} | | |")
    say(f"| libmodbus select: requests/s, mean at depth 1 | {mean(cells, 'select', 'rps', 1):.3f} | | |")


def limits():
    """Many at once."""
    say()
    say("## Many clients")
    verdict_head()
    servers = [echo(60), fixture()]
    real = gateway()
    for s in (*servers, real):
        got = load(s, registers=60, connections=512, warmup=0, seconds=0.5)
        say(f"| {s.name}: 512 at once, ms until all are connected | {got['connect_ms']:.1f} | | |")
        verdict(f"{s.name}: ... of 512 without an answer (all answered after {got['all_served_ms']:.1f} ms)",
                (v := got["unserved"]), "0", v == 0 and not got["wrong"])
    real.end()
    many = cell(servers, opt.rounds, registers=60, connections=2000, warmup=0.5, seconds=1.5)
    mine = many["fixture"]
    verdict("fixture: 2,000 clients, requests/s", (v := mine["rps"]), ">= 0.95", v >= 0.95 and not mine["wrong"])
    verdict("fixture: ... busiest to slowest", (v := mine["fair"]), "<= 1.2", v <= 1.2)
    say(f"| echo: ... busiest to slowest | {many['echo']['fair']:.2f} | | |")
    say(f"| fixture: ... CPU per request, p99 | {mine['cpu_us']:.2f}, {mine['p99_us']:.2f} | | |")
    say(f"| fixture: RSS after 2,000 clients, kB | {servers[1].rss_kb()} | | |")
    for s in servers:
        s.end()


def start():
    """Memory of the idle demo, and how soon it answers: the median of seven starts."""
    say()
    say("## Start and memory")
    verdict_head()
    text = open(ROOT + "/config/demo.ini").read()
    got = []
    for _ in range(1 if opt.quick else 7):
        port = free_port()
        with open(f"{TMP.name}/demo.ini", "w") as ini:
            ini.write(text.replace("127.0.0.1:1502", f"127.0.0.1:{port}"))
        r = subprocess.run([TESTS + "first", str(port), "60", "0", "2", HUBGATE, "run", "-c", f"{TMP.name}/demo.ini"],
                           capture_output=True, text=True)
        got.append(keys(r.stdout))
    first = statistics.median(g["first_ms"] for g in got)
    verdict("demo: start to the first right answer", first, "<= 20 ms", 0 < first <= 20, " ms")
    verdict("demo: RSS, idle", (v := max(g["rss_kb"] for g in got) / 1024), "<= 6 MB", 0 < v <= 6, " MB")


def rtu():
    """On a pty at the wire's pace: rtu_load.c says itself whether its limits are kept."""
    say()
    say("## RTU on a pty, 10 registers")
    say()
    say("| what | measured | target | verdict |")
    say("|---|---|---|---|")
    for baud, part, seconds in ((9600, 980, 8), (19200, 970, 8), (115200, 940, 8)):
        polls = {9600: 21.8, 19200: 43.6, 115200: 150}[baud]
        n = int(polls * (2 if opt.quick else seconds))
        rtu_run(f"{baud} Bd, {n} polls", baud, f"median <= 200 us after 3.5 characters, never before; >= {part / 10:.0f} % of the wire",
                "--requests", n, "--most-over", 200, "--least-part", part)
    n = 200 if opt.quick else 10000
    rtu_run(f"115200 Bd, {n} polls, disturbed", 115200, "none lost", "--requests", n, "--disturb", "yes")


def rtu_run(what, baud, target, *options):
    server = [TESTS + "modbus_fixture", "--rtu", "{}", "--baud", str(baud)]
    r = subprocess.run([TESTS + "rtu_load", "--baud", str(baud), *map(str, options), "--", *server],
                       capture_output=True, text=True)
    numbers = ", ".join(" ".join(line.split()) for line in r.stdout.splitlines())
    verdicts.append(r.returncode == 0)
    say(f"| {what} | {numbers} | {target} | {'ok' if r.returncode == 0 else '**FAIL** ' + r.stderr.strip()} |")


def main():
    began = time.monotonic()
    parts = opt.only.split(",")
    say("# The bench")
    say()
    say(f"Core {opt.core} of {os.cpu_count()}, Linux {os.uname().release}, load {os.getloadavg()[0]:.2f}, "
        f"{opt.rounds} rounds of {opt.seconds} s in each cell.")
    say()
    try:
        if "grid" in parts:
            grid_head()
            judge_grid(grid())
        for name, part in (("limits", limits), ("start", start), ("rtu", rtu)):
            if name in parts:
                part()
    finally:
        for s in list(Server.all):
            s.process.kill()
    say()
    say(f"Took {time.monotonic() - began:.0f} s.")
    with open(opt.out or opt.build + "/bench.md", "w") as out:
        out.write("\n".join(lines) + "\n")
    print(f"{sum(verdicts)} passed, {len(verdicts) - sum(verdicts)} failed")
    return 0 if verdicts and all(verdicts) else 1


sys.exit(main())
