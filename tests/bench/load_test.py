#!/usr/bin/env python3
"""Does load.c see what a server does wrong? Usage: load_test.py [BUILD]

Each case is a server with one fault, made at every tenth request; it counts what it did, and
load has to have counted the same. Ends with "N passed, M failed".
"""
import socket
import struct
import subprocess
import sys
import threading
import time

LOAD = (sys.argv[1] if len(sys.argv) > 1 else "build") + "/tests/load"
REGISTERS = 10
RIGHT = {k: 0 for k in ("wrong_id wrong_protocol wrong_length wrong_unit wrong_function wrong_count "
                        "exceptions lost closed unserved").split()}


def answer(tid, protocol=0, extra=0, unit=1, function=3, count=2 * REGISTERS):
    body = bytes([unit, function, count]) + bytes(2 * REGISTERS + extra)
    return struct.pack(">HHH", tid, protocol, len(body)) + body


# What the faulty answer is, or None: none at all.
FAULTS = {
    "wrong_id": lambda t: answer(t ^ 1),
    "wrong_protocol": lambda t: answer(t, protocol=1),
    "wrong_length": lambda t: answer(t, extra=2),
    "wrong_unit": lambda t: answer(t, unit=2),
    "wrong_function": lambda t: answer(t, function=4),
    "wrong_count": lambda t: answer(t, count=2 * REGISTERS - 2),
    "exceptions": lambda t: struct.pack(">HHHBBB", t, 0, 3, 1, 0x83, 2),
}


class Server:
    """One that answers `serve(server, socket, n, transaction)`, the n-th request of a client."""

    def __init__(self, serve):
        self.serve, self.made, self.clients = serve, 0, 0
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            s, _ = self.listener.accept()
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.clients += 1
            threading.Thread(target=self.client, args=(s, self.clients), daemon=True).start()

    def client(self, s, number):
        buf, n = b"", 0
        try:
            while True:
                got = s.recv(4096)
                if not got:
                    return
                buf += got
                while len(buf) >= 12:
                    n += 1
                    if self.serve(self, s, n, struct.unpack(">H", buf[:2])[0], number) == "end":
                        s.close()
                        return
                    buf = buf[12:]
        except OSError:
            pass


def each_tenth(make):
    def serve(server, s, n, tid, _):
        if n % 10 == 0:
            server.made += 1
        s.sendall(make(tid) if n % 10 == 0 else answer(tid))
    return serve


def bytewise(_, s, n, tid, __):
    if n > 20:
        s.sendall(answer(tid))
        return
    for b in answer(tid):
        s.sendall(bytes([b]))
        time.sleep(0.0002)


def all_but_one_byte(_, s, n, tid, __):
    s.sendall(answer(tid) if n < 5 else answer(tid)[:-1] if n == 5 else b"")


def silent_after_five(_, s, n, tid, __):
    if n <= 5:
        s.sendall(answer(tid))


def ends_at_five(_, s, n, tid, __):
    if n == 5:
        return "end"
    s.sendall(answer(tid))
    return None


def no_length(_, s, n, tid, __):
    s.sendall(answer(tid) if n < 5 else struct.pack(">HHHB", tid, 0, 1, 1))


def twice(_, s, n, tid, __):
    s.sendall(answer(tid) * (2 if n == 5 else 1))


def deaf_to_the_second(_, s, __, tid, number):
    if number != 2:
        s.sendall(answer(tid))


def stalls(_, s, n, tid, __):
    if n == 5:
        time.sleep(0.4)
    s.sendall(answer(tid))


passed = failed = 0


def run(what, serve, expect, *options, more=None):
    """expect: the counters that are not 0; a function is given the server."""
    global passed, failed
    server = Server(serve)
    out = subprocess.run([LOAD, str(server.port), "--registers", str(REGISTERS), "--seconds", "0.2",
                          "--warmup", "0", "--grace", "0.3", *options], capture_output=True, text=True)
    got = {k: float(v) for k, v in (line.split() for line in out.stdout.splitlines())}
    want = {k: v(server) if callable(v) else v for k, v in {**RIGHT, **expect}.items()}
    bad = [f"{k} is {got.get(k)}, not {v}" for k, v in want.items() if got.get(k) != v]
    if out.returncode != (1 if expect else 0):
        bad.append(f"exit code {out.returncode}")
    if more:
        bad += more(got)
    passed, failed = passed + (not bad), failed + bool(bad)
    print(("FAIL " if bad else "ok   ") + what, *bad, sep="; " if bad else "")


def paced(got):
    # 100 a second for 0.5 s, no answer for 0.4 s of it: half of them have waited 0.2 s
    return ([] if got["max_us"] > 390e3 and got["p50_us"] > 100e3 else
            [f"p50 {got['p50_us']}, max {got['max_us']} us: not from when it was due"])


run("all right", each_tenth(answer), {})
run("all right, 8 clients 8 deep", each_tenth(answer), {}, "--connections", "8", "--depth", "8")
run("an answer byte by byte is right", bytewise, {})
for name, make in FAULTS.items():
    run(name, each_tenth(make), {name: lambda s: s.made})
    run(name + ", 8 deep", each_tenth(make), {name: lambda s: s.made}, "--depth", "8")
run("the last byte is missing", all_but_one_byte, {"lost": 1})
run("no answer any more", silent_after_five, {"lost": 1})
run("no answer any more, 4 deep", silent_after_five, {"lost": 4}, "--depth", "4")
run("the connection ends", ends_at_five, {"lost": 1, "closed": 1})
run("a length that can be none", no_length, {"wrong_length": 1, "lost": 1, "closed": 1})
run("an answer that comes twice", twice, {"wrong_id": lambda s: 1}, "--rate", "50", "--seconds", "0.25")
run("one of three is never served", deaf_to_the_second, {"lost": 1, "unserved": 1}, "--connections", "3")
run("what is due in the end is still asked", stalls, {}, "--rate", "100", "--seconds", "0.1", "--grace", "1")
run("... and lost where that is in vain", stalls, {"lost": 6}, "--rate", "100", "--seconds", "0.1", "--grace", "0.1")
run("a stall counts for all that was due", stalls, {}, "--rate", "100", "--seconds", "0.5", "--grace", "1", more=paced)
print(f"{passed} passed, {failed} failed")
sys.exit(failed != 0 or passed == 0)
