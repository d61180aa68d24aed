"""Section C: who gets a connection, who keeps it, and who has to go."""
import select
import socket
import time

from conformance_kit import (GOOD, GOOD_ANSWER, Fixture, Watcher, check, closed, connect, exchange, free_port, on, reset,
                             same, wait_until)


@on("tcp")
def ports():
    port = free_port()
    with Fixture("--tcp", f"127.0.0.1:{port}") as f, connect(port) as s:
        same("28 a port of our choice", exchange(s), GOOD_ANSWER)
        del f
    port = free_port()
    with Fixture("--tcp", f"[::1]:{port}"), connect(port, host="::1") as s:
        same("28 an IPv6 listener", exchange(s), GOOD_ANSWER)
    with socket.socket() as probe:
        try:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", 502))
        except OSError:
            return  # not ours to bind, or somebody serves there
    with Fixture("--tcp", "127.0.0.1:502"), connect(502) as s:
        same("28 port 502, as this process may bind it", exchange(s), GOOD_ANSWER)


@on("tcp")
def one_client_twice():
    with Fixture() as f, connect(f.port) as one, connect(f.port) as two:
        same("29 a client's first connection", exchange(one), GOOD_ANSWER)
        same("29 and its second", exchange(two), GOOD_ANSWER)
        same("29 and the first goes on", exchange(one), GOOD_ANSWER)


@on("tcp")
def many():
    with Fixture("--connections", 600) as f:
        socks = []
        for _ in range(512):
            s = socket.socket()
            s.setblocking(False)
            s.connect_ex(("127.0.0.1", f.port))
            socks.append(s)
        good = 0
        for s in socks:
            select.select([], [s], [], 2)
            good += exchange(s, seconds=2) == GOOD_ANSWER
        check("29 512 clients at once: all answered", good == 512, f"{good}")
        for s in socks:
            s.close()
        check("36 ends on SIGTERM with so many", f.stop() == 0)


@on("tcp", waits=True)
def places():
    with Fixture("--connections", 3, "--idle", 2) as f:
        first, second = connect(f.port), connect(f.port)
        exchange(first)
        exchange(second)
        silent = connect(f.port)
        time.sleep(0.05)
        one_more = connect(f.port)
        same("30 one more than there are places: served", exchange(one_more), GOOD_ANSWER)
        check("30 the one that never asked gave way", closed(silent))
        exchange(first)
        another = connect(f.port)
        same("30 and another: served", exchange(another), GOOD_ANSWER)
        check("30 the one unused for longest gave way", closed(second))
        same("30 the others stay", exchange(first), GOOD_ANSWER)
        check("30 told in the log", "took the place" in f.log())
        time.sleep(1)
        same("35 silent for 1 of 2 s: stays", exchange(first), GOOD_ANSWER)
        check("35 silent for 2 s: closed", closed(another, 2))
        for s in (first, one_more):
            s.close()


@on("tcp")
def reserved_places():
    with Fixture("--connections", 4, "--reserved", 2, "--priority", "127.0.0.9") as f:
        strangers = [connect(f.port, source=f"127.0.0.{2 + i}") for i in range(6)]
        alive = [s for s in strangers if exchange(s) == GOOD_ANSWER]
        check("31 strangers get the places that are not reserved", 1 <= len(alive) <= 2, f"{len(alive)}")
        first, second = connect(f.port, source="127.0.0.9"), connect(f.port, source="127.0.0.9")
        same("31 a listed address gets a reserved place", exchange(first), GOOD_ANSWER)
        same("31 and the other one", exchange(second), GOOD_ANSWER)
        same("31 without sending a stranger away who is inside", exchange(alive[-1]), GOOD_ANSWER)
        more = [connect(f.port, source=f"127.0.0.{20 + i}") for i in range(6)]
        for s in more:
            exchange(s)
        same("31 a listed client is not closed to make room", exchange(first), GOOD_ANSWER)
        same("31 nor the one beside it", exchange(second), GOOD_ANSWER)
        for s in strangers + more + [first, second]:
            s.close()


@on("tcp")
def one_address():
    with Fixture("--connections", 64, "--per-address", 2) as f:
        inside = [connect(f.port), connect(f.port)]
        same("32 an address up to its cap", exchange(inside[0]) + exchange(inside[1]), GOOD_ANSWER * 2)
        refused = [connect(f.port) for _ in range(20)]
        check("32 and over it: refused", all(exchange(s) == b"" and closed(s, 1) for s in refused))
        same("32 who is inside stays", exchange(inside[0]) + exchange(inside[1]), GOOD_ANSWER * 2)
        with connect(f.port, source="127.0.0.2") as s:
            same("32 another address is served", exchange(s), GOOD_ANSWER)
        lines = [x for x in f.log().splitlines() if "127.0.0.1" in x and "listening" not in x]
        check("32 one line for 20 refusals", len(lines) == 1, "\n" + f.log())
        inside[0].close()
        time.sleep(0.05)
        with connect(f.port) as s:
            same("32 when one leaves there is room", exchange(s), GOOD_ANSWER)
        inside[1].close()


@on("tcp")
def again_at_once():
    with Fixture() as f:
        kept = connect(f.port)
        exchange(kept)
        check("36 ends on SIGTERM with a client", f.stop() == 0)
        with Fixture(port=f.port), connect(f.port) as s:
            same("36 the port is free again at once", exchange(s), GOOD_ANSWER)
        kept.close()


@on("tcp", waits=True)
def allowed():
    with Fixture("--allow", "10.0.0.0/8") as f, connect(f.port) as s:
        got = exchange(s)
        check("33 not in allow: closed without a byte", got == b"" and closed(s, 1))
        check("33 told in the log", f.wait_log("not in allow", 1))
    with Fixture("--allow", "10.0.0.0/8", "--allow", "127.0.0.0/8") as f, connect(f.port) as s:
        same("33 in the second block of allow: served", exchange(s), GOOD_ANSWER)
    with Fixture("--allow", "127.0.0.1/32") as f, connect(f.port) as s, connect(f.port, source="127.0.0.2") as t:
        same("33 the one address that is allowed: served", exchange(s), GOOD_ANSWER)
        check("33 the one beside it: closed", exchange(t) == b"" and closed(t, 1))


@on("tcp", waits=True)
def keepalive():
    """The kernel's table of sockets shows the timer of the server's side."""
    with Fixture() as f, connect(f.port) as s:
        exchange(s)
        ours = f":{f.port:04X}"

        def timer():
            with open("/proc/net/tcp", encoding="ascii") as table:
                rows = [line.split() for line in table][1:]
            return next((r[5] for r in rows if r[1].endswith(ours) and r[2].endswith(f":{s.getsockname()[1]:04X}")), "")

        # 02: keepalive; behind it when, in ticks of 10 ms
        check("34 a keepalive probe is due within 10 s of silence",
              wait_until(lambda: timer().startswith("02:") and int(timer()[3:], 16) <= 1000, 1), timer())


@on("tcp", waits=True)
def no_descriptor():
    with Fixture(limit=20) as f:
        kept = connect(f.port)
        exchange(kept)
        more = [connect(f.port) for _ in range(30)]
        time.sleep(0.3)
        cpu = f.cpu()
        time.sleep(1)
        check("39 no descriptor left: no busy loop", f.cpu() - cpu < 0.2, f"{f.cpu() - cpu:.2f} s of 1 s")
        same("39 those who are in are served", exchange(kept), GOOD_ANSWER)
        for s in more[:20]:
            s.close()
        same("39 and who waited is served when there is room", exchange(more[29], seconds=2), GOOD_ANSWER)
        check("39 told in the log", "Too many open files" in f.log())
        for s in [kept] + more[20:]:
            s.close()


@on("tcp")
def connect_flood():
    with Fixture() as f:
        w = Watcher(f.port, source="127.0.0.2")
        end = time.monotonic() + 1.5
        n = 0
        while time.monotonic() < end:
            s = socket.socket()
            s.settimeout(1)
            s.connect(("127.0.0.1", f.port))
            reset(s)
            n += 1
            time.sleep(0.0005)
        check("40 connections without end: another client does not notice", *w.finish())
        check("40 more than 500 a second", n > 750, f"{n}")
        with connect(f.port) as s:
            same("40 and then all is as before", exchange(s), GOOD_ANSWER)
