"""Section A over TCP, where a table of bytes ends: silence, floods, clients that do not read."""
import socket
import time

from conformance_kit import GOOD, GOOD_ANSWER, Fixture, Watcher, check, closed, connect, exchange, on, read, reset, same


class Pusher:
    """Sends the same request over and over, without waiting and without losing step."""

    def __init__(self, port, request):
        self.s = connect(port)
        self.s.setblocking(False)
        self.batch = request * 100
        self.at = 0

    def push(self):
        """Returns False when the other side has ended the connection."""
        try:
            self.at = (self.at + self.s.send(self.batch[self.at:])) % len(self.batch)
        except BlockingIOError:
            time.sleep(0.01)
        except ConnectionError:
            return False
        return True


@on("tcp", waits=True)
def half_a_request():
    with Fixture() as f, connect(f.port) as s:
        t = time.monotonic()
        s.sendall(GOOD[:5])
        ended = closed(s, 3)
        t = time.monotonic() - t
        check("18 half a request: closed after 1 s", ended and 0.9 < t < 1.5, f"{t:.2f} s")


@on("tcp")
def slow_senders():
    with Fixture() as f:
        w = Watcher(f.port)
        socks = [connect(f.port) for _ in range(8)]
        try:
            for byte in GOOD[:7]:
                for s in socks:
                    s.send(bytes([byte]))
                time.sleep(0.2)
        except ConnectionError:
            pass
        check("18 eight that send a byte every 200 ms: closed after 1 s", all(closed(s, 1) for s in socks))
        check("18 and another client does not notice", *w.finish())


@on("tcp")
def garbage():
    with Fixture() as f:
        w = Watcher(f.port)
        before = f.resident_kb()
        for start in (0, 1, 2, 255):
            with connect(f.port) as s:
                s.settimeout(2)
                try:
                    s.sendall(bytes((start + i) % 256 for i in range(256)) * 4096)
                except (ConnectionError, socket.timeout):
                    pass
                answers = read(s, 4096, 0.1)
                check(f"19 1 MB of garbage that begins with {start}: closed", closed(s, 2))
                check("19 after one answer at most", len(answers) <= 260, f"{len(answers)} bytes")
        grown = f.resident_kb() - before
        check("19 and memory stays", grown < 200, f"{grown} kB more")
        check("19 and another client does not notice", *w.finish())


@on("tcp", waits=True)
def never_reads():
    with Fixture() as f:
        w = Watcher(f.port)
        before = f.resident_kb()
        p = Pusher(f.port, bytes.fromhex("0001 0000 0006 01 03 0000 007D"))
        t = time.monotonic()
        while p.push() and time.monotonic() - t < 9:
            pass
        t = time.monotonic() - t
        check("20 never reads its answers: closed 5 s after nothing more went out", 4.5 < t < 7, f"{t:.1f} s")
        grown = f.resident_kb() - before
        check("20 and memory stays", grown < 500, f"{grown} kB more")
        check("20 and another client does not notice", *w.finish())
        p.s.close()


@on("tcp")
def never_stops_asking():
    with Fixture() as f:
        w = Watcher(f.port)
        p = Pusher(f.port, GOOD)
        end = time.monotonic() + 1
        got = b""
        while time.monotonic() < end and p.push():
            try:
                got += p.s.recv(65536)
            except BlockingIOError:
                pass
        whole = got[:len(got) // len(GOOD_ANSWER) * len(GOOD_ANSWER)]
        check("13 asks without end: each answer comes, in step", whole == GOOD_ANSWER * (len(whole) // len(GOOD_ANSWER))
              and len(whole) > 11 * 1000, f"{len(whole)} bytes")
        check("13 and another client is served between", *w.finish())
        p.s.close()


@on("tcp")
def one_send():
    """The loopback device hands over what a send gave it: an answer sent in parts would come in parts."""
    with Fixture() as f, connect(f.port) as s:
        ask = bytes.fromhex("0001 0000 0006 01 03 0000 007D")
        parts = slow = 0
        for _ in range(200):
            t = time.monotonic()
            s.sendall(ask)
            parts += len(s.recv(4096)) != 259
            slow += time.monotonic() - t > 0.03
        check("21 200 of the longest answers, each in one piece", parts == 0, f"{parts} in parts")
        check("21 and none waits for an acknowledgement (40 ms without TCP_NODELAY)", slow == 0, f"{slow} late")


@on("tcp")
def half_close():
    with Fixture() as f, connect(f.port) as s:
        s.sendall(GOOD)
        s.shutdown(socket.SHUT_WR)
        same("37 FIN behind a request: the answer comes", read(s, 11), GOOD_ANSWER)
        check("37 and then the end", closed(s))
        with connect(f.port) as many:
            many.sendall(GOOD * 100)
            many.shutdown(socket.SHUT_WR)
            check("37 FIN behind 100 requests: 100 answers", read(many, 1100, 1) == GOOD_ANSWER * 100)
            check("37 and then the end, too", closed(many))


@on("tcp")
def reset_inside():
    look = bytes.fromhex("0001 0000 0006 01 03 0060 0001")
    want = bytes.fromhex("0001 0000 0005 01 03 02 1060")
    with Fixture("--connections", 1) as f:
        s = connect(f.port)
        s.sendall(bytes.fromhex("0001 0000 0006 01 06 0060 AA"))
        time.sleep(0.05)
        reset(s)
        with connect(f.port) as t:
            same("38 RST in the middle of a write: the only place is free, nothing carried out",
                 exchange(t, look, want), want)


@on("tcp")
def response_times():
    errors = [(bytes.fromhex(a), bytes.fromhex(b)) for a, b in (
        ("0001 0000 0006 01 03 00C8 0001", "0001 0000 0003 01 83 02"),
        ("0001 0000 0006 01 03 0000 0000", "0001 0000 0003 01 83 03"),
        ("0001 0000 0002 01 63", "0001 0000 0003 01 E3 01"), ("0001 0000 0006 09 03 0000 0001", "0001 0000 0003 09 83 0B"))]
    with Fixture() as f, connect(f.port) as s:
        times = []
        wrong = 0
        for i in range(1000):
            ask, answer = errors[i // 2 % 4] if i % 2 else (GOOD, GOOD_ANSWER)
            t = time.monotonic()
            wrong += exchange(s, ask, answer) != answer
            times.append((time.monotonic() - t) * 1000)
        p99 = sorted(times)[989]
        check("41 1000 requests, half of them bad: p99 under 20 ms", not wrong and p99 < 20, f"{wrong} wrong, {p99:.1f} ms")
        check("41 and all within 200 ms", max(times) < 200, f"{max(times):.1f} ms")
