#!/usr/bin/env python3
"""The conformance list over real sockets and a pty pair, against modbus_fixture.

    modbus_vectors.py [BUILD/tests/modbus_fixture]

Numbers in front are the rows of the list. Bytes are by hand from the MODBUS Application Protocol
V1.1b3 and the fixture's map; the checksum is a second implementation. A vector is clean when the
answer matches, comes within 200 ms, and a good request after it is answered. Needs mbpoll.
"""
import os
import pty
import resource
import select
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import tty

FIXTURE = sys.argv[1] if len(sys.argv) > 1 else "build/tests/modbus_fixture"
GOOD = bytes.fromhex("7777 0000 0006 01 03 0000 0001")
GOOD_ANSWER = bytes.fromhex("7777 0000 0005 01 03 02 1000")
passed = failed = 0


def check(what, good, detail=""):
    global passed, failed
    if good:
        passed += 1
        print("ok  ", what)
    else:
        failed += 1
        print("FAIL", what, detail, flush=True)


def same(what, got, want):
    check(what, got == want, f"\n     expected {want.hex(' ')}\n     got      {got.hex(' ') if got else got}")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Fixture:
    """modbus_fixture as a child; its log in a file."""

    def __init__(self, *args, limit=None):
        self.log_file = tempfile.TemporaryFile("w+")
        self.child = subprocess.Popen(
            [FIXTURE, *map(str, args)], stdout=subprocess.PIPE, stderr=self.log_file,
            preexec_fn=limit and (lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))))
        if self.child.stdout.readline() != b"ready\n":
            sys.exit(f"{FIXTURE} did not start")

    def log(self):
        return os.pread(self.log_file.fileno(), 1 << 20, 0).decode()

    def wait_log(self, text, seconds):
        end = time.monotonic() + seconds
        while text not in self.log() and time.monotonic() < end:
            time.sleep(0.02)
        return text in self.log()

    def cpu(self):
        """Seconds of processor used so far."""
        fields = open(f"/proc/{self.child.pid}/stat").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_kb(self):
        return int(next(x for x in open(f"/proc/{self.child.pid}/status") if x.startswith("VmRSS")).split()[1])

    def stop(self):
        self.child.terminate()
        code = self.child.wait(10)
        self.log_file.close()
        return code


def connect(port):
    end = time.monotonic() + 3
    while True:
        try:
            s = socket.create_connection(("127.0.0.1", port), 2)
            break
        except ConnectionRefusedError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s


def read(s, n, seconds=0.2):
    """Up to n bytes; fewer when they do not come in time or the end comes."""
    got = b""
    end = time.monotonic() + seconds
    while len(got) < n and (left := end - time.monotonic()) > 0:
        s.settimeout(left)
        try:
            more = s.recv(n - len(got))
        except (socket.timeout, BlockingIOError):
            break
        except ConnectionResetError:
            return got
        if not more:
            break
        got += more
    return got


def closed(s, seconds=0.2):
    """Whether the other side ends the connection in time, without a byte."""
    s.settimeout(seconds)
    try:
        return s.recv(1) == b""
    except ConnectionError:
        return True
    except socket.timeout:
        return False


def exchange(s, request=GOOD, answer=GOOD_ANSWER, seconds=0.2):
    s.sendall(request)
    return read(s, len(answer), seconds)


# --- TCP: single connection ---------------------------------------------------------------------

HEAD = "0001 0000 "
# what, request, answer (with their own heads)
TCP = [
    ("1 transaction id 0xABCD", "ABCD 0000 0006 01 03 0000 0001", "ABCD 0000 0005 01 03 02 1000"),
    ("1 transaction id 0xFFFF", "FFFF 0000 0006 01 03 0000 0001", "FFFF 0000 0005 01 03 02 1000"),
    ("2 the same id twice in flight", ("0009 0000 0006 01 03 0000 0001") * 2, ("0009 0000 0005 01 03 02 1000") * 2),
    ("3 protocol id 1", "0001 0001 0006 01 03 0000 0001", ""),
    ("8 longer than the function needs", HEAD + "0008 01 03 0000 0001 AAAA", HEAD + "0003 01 83 03"),
    ("9 FC16 hidden in FC3", HEAD + "0015 01 03 0000 0001 0002 0000 0009 01 10 0005 0001 02 AAAA"
     + HEAD + "0006 01 03 0005 0001", HEAD + "0003 01 83 03" + HEAD + "0005 01 03 02 1005"),
    ("10 shorter than the function needs", HEAD + "0004 01 03 0000", HEAD + "0003 01 83 03"),
    ("11 two in one segment", HEAD + "0006 01 03 0000 0001" + HEAD + "0006 01 04 0001 0001",
     HEAD + "0005 01 03 02 1000" + HEAD + "0005 01 04 02 2001"),
    ("12 16 in one segment", (HEAD + "0006 01 03 0000 0001") * 16, (HEAD + "0005 01 03 02 1000") * 16),
    ("13 200 in one segment: none lost", (HEAD + "0006 01 03 0000 0001") * 200, (HEAD + "0005 01 03 02 1000") * 200),
    ("13 32 of the shortest in one segment", (HEAD + "0002 01 63") * 32, (HEAD + "0003 01 E3 01") * 32),
    ("16 bad quantity, then good", HEAD + "0006 01 03 0000 0000" + HEAD + "0006 01 03 0000 0001",
     HEAD + "0003 01 83 03" + HEAD + "0005 01 03 02 1000"),
    ("17 unknown function, then good", HEAD + "0002 01 63" + HEAD + "0006 01 03 0000 0001",
     HEAD + "0003 01 E3 01" + HEAD + "0005 01 03 02 1000"),
    ("23 unit 255", HEAD + "0006 FF 03 0000 0001", HEAD + "0005 FF 03 02 1000"),
    ("24 unit 0", HEAD + "0006 00 03 0000 0001", HEAD + "0005 00 03 02 1000"),
    ("26 unit 2", HEAD + "0006 02 03 0000 0001", HEAD + "0003 02 83 0B"),
    ("26 unit 250", HEAD + "0006 FA 03 0000 0001", HEAD + "0003 FA 83 0B"),
    ("42 function 0", HEAD + "0006 01 00 0000 0001", HEAD + "0003 01 80 01"),
    ("43 function 0x83", HEAD + "0006 01 83 0000 0001", ""),
    ("43 function 0xFF", HEAD + "0002 01 FF", ""),
    ("44 function 7", HEAD + "0002 01 07", HEAD + "0003 01 87 01"),
    ("44 function 100", HEAD + "0004 01 64 0000", HEAD + "0003 01 E4 01"),
    ("45 function code only", HEAD + "0002 01 03", HEAD + "0003 01 83 03"),
    ("57 FC1 13 coils", HEAD + "0006 01 01 0000 000D", HEAD + "0005 01 01 02 49 12"),
    ("57 FC2 13 discrete", HEAD + "0006 01 02 0000 000D", HEAD + "0005 01 02 02 AA 0A"),
    ("58 FC1 quantity 2001", HEAD + "0006 01 01 0000 07D1", HEAD + "0003 01 81 03"),
    ("59 FC1 past the end", HEAD + "0006 01 01 07CF 0002", HEAD + "0003 01 81 02"),
    ("61 FC3 125 words", HEAD + "0006 01 03 0000 007D",
     HEAD + "00FD 01 03 FA" + "".join(f"{0x1000 + i:04X}" for i in range(125))),
    ("61 FC4 125 words", HEAD + "0006 01 04 0000 007D",
     HEAD + "00FD 01 04 FA" + "".join(f"{0x2000 + i:04X}" for i in range(125))),
    ("62 FC3 quantity 0", HEAD + "0006 01 03 0000 0000", HEAD + "0003 01 83 03"),
    ("62 FC3 quantity 126", HEAD + "0006 01 03 0000 007E", HEAD + "0003 01 83 03"),
    ("63 FC3 past the end", HEAD + "0006 01 03 00C7 0002", HEAD + "0003 01 83 02"),
    ("63 FC3 wrap", HEAD + "0006 01 03 FFFF 0002", HEAD + "0003 01 83 02"),
    ("64 FC3 bad quantity and address", HEAD + "0006 01 03 FFFF 0000", HEAD + "0003 01 83 03"),
    ("66 FC5", HEAD + "0006 01 05 0001 FF00", HEAD + "0006 01 05 0001 FF00"),
    ("68 FC5 bad value and address", HEAD + "0006 01 05 FFFF 1234", HEAD + "0003 01 85 03"),
    ("70 FC6, then read", HEAD + "0006 01 06 0010 ABCD" + HEAD + "0006 01 03 0010 0001",
     HEAD + "0006 01 06 0010 ABCD" + HEAD + "0005 01 03 02 ABCD"),
    ("74 FC15 bad byte count and address", HEAD + "0008 01 0F FFFF 000A 01 FF", HEAD + "0003 01 8F 03"),
    ("76 FC16 2 words", HEAD + "000B 01 10 0020 0002 04 000A 0102", HEAD + "0006 01 10 0020 0002"),
    ("77 FC16 124 words", HEAD + "00FE 01 10 0000 007C F8" + "00" * 247, HEAD + "0003 01 90 03"),
    ("78 FC16 across the end: nothing written",
     HEAD + "000B 01 10 00C7 0002 04 AAAA BBBB" + HEAD + "0006 01 03 00C7 0001",
     HEAD + "0003 01 90 02" + HEAD + "0005 01 03 02 10C7"),
    ("83 FC22 on 0x0012", HEAD + "0006 01 06 0030 0012" + HEAD + "0008 01 16 0030 00F2 0025" + HEAD + "0006 01 03 0030 0001",
     HEAD + "0006 01 06 0030 0012" + HEAD + "0008 01 16 0030 00F2 0025" + HEAD + "0005 01 03 02 0017"),
    ("85 FC23 writes first", HEAD + "000D 01 17 0040 0002 0040 0001 02 BEEF", HEAD + "0007 01 17 04 BEEF 1041"),
    ("88 FC23 bad read range: nothing written",
     HEAD + "000D 01 17 00C7 0002 0050 0001 02 BEEF" + HEAD + "0006 01 03 0050 0001",
     HEAD + "0003 01 97 02" + HEAD + "0005 01 03 02 1050"),
    ("89 FC24", HEAD + "0004 01 18 0000", HEAD + "0003 01 98 01"),
    ("90 FC43/14 basic", HEAD + "0005 01 2B 0E 01 00",
     HEAD + "001F 01 2B 0E 01 81 00 00 03 00 07" + b"hubgate".hex() + "01 07" + b"fixture".hex() + "02 03" + b"0.1".hex()),
    ("92 FC43/14 unknown object", HEAD + "0005 01 2B 0E 04 7F", HEAD + "0003 01 AB 02"),
    ("94 FC43/14 read code 5", HEAD + "0005 01 2B 0E 05 00", HEAD + "0003 01 AB 03"),
    ("96 FC43/13", HEAD + "0004 01 2B 0D 00", HEAD + "0003 01 AB 01"),
]


def tcp_vectors(port):
    for what, request, answer in TCP:
        with connect(port) as s:
            want = bytes.fromhex(answer) + GOOD_ANSWER
            same(what, exchange(s, bytes.fromhex(request) + GOOD, want), want)


def tcp_segments(port):
    with connect(port) as s:
        for byte in GOOD:
            s.send(bytes([byte]))
            time.sleep(0.002)
        same("14 one byte per segment", read(s, 11), GOOD_ANSWER)
        got = []
        for cut in range(1, len(GOOD)):
            s.send(GOOD[:cut])
            time.sleep(0.005)
            got.append(exchange(s, GOOD[cut:]))
        check("14 split at each inner position", got == [GOOD_ANSWER] * 11)
        s.send(GOOD + GOOD[:5])
        time.sleep(0.005)
        same("15 a request and a half, then the rest", exchange(s, GOOD[5:], GOOD_ANSWER * 2), GOOD_ANSWER * 2)


def tcp_endings(port):
    for what, request in [("6 length 0", "0001 0000 0000 01 03"), ("6 length 1", "0001 0000 0001 01 03"),
                          ("7 length 255", "0001 0000 00FF 01 03"), ("7 length 0xFFFF", "0001 0000 FFFF 01")]:
        with connect(port) as s:
            s.sendall(bytes.fromhex(request))
            check(what + ": closed without an answer", closed(s))
    with connect(port) as s:
        s.sendall(GOOD)
        s.shutdown(socket.SHUT_WR)
        same("37 an answer after the client shut its side", read(s, 11), GOOD_ANSWER)
        check("37 and then the end", closed(s))
    with connect(port) as s:
        s.sendall(bytes.fromhex("0001 0000 0006 01 06 0060 AA"))
        time.sleep(0.05)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with connect(port) as s:
        want = bytes.fromhex("0001 0000 0005 01 03 02 1060")
        same("38 reset in the middle of a write: not carried out",
             exchange(s, bytes.fromhex("0001 0000 0006 01 03 0060 0001"), want), want)
    with connect(port) as s:
        t = time.monotonic()
        s.sendall(GOOD[:5])
        ended = closed(s, 3)
        t = time.monotonic() - t
        check("18 half a request: closed after 1 s", ended and 0.9 < t < 1.5, f"{t:.2f} s")
    with connect(port) as s:
        s.settimeout(2)
        try:
            s.sendall(bytes(range(1, 256)) * 4096)
        except ConnectionError:
            pass
        check("19 1 MB of garbage: closed", closed(s, 2))


# --- TCP: others must not notice ------------------------------------------------------------------

class Watcher(threading.Thread):
    """A well-behaved client, 200 requests a second; keeps the slowest answer in ms."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.s = connect(port)
        self.times = []
        self.lost = 0
        self.end = False
        self.start()

    def run(self):
        while not self.end:
            t = time.monotonic()
            try:
                if exchange(self.s, seconds=2) != GOOD_ANSWER:
                    self.lost += 1
            except OSError:
                self.lost += 1
            self.times.append((time.monotonic() - t) * 1000)
            time.sleep(0.005)

    def finish(self, what):
        self.end = True
        self.join()
        self.s.close()
        p99 = sorted(self.times)[int(len(self.times) * 0.99)]
        check(f"{what}: another client {len(self.times)} answers, p99 {p99:.1f} ms", self.lost == 0 and p99 < 50,
              f"{self.lost} lost")


def dribble(port):
    socks = [connect(port) for _ in range(4)]
    try:
        for byte in GOOD[:7]:
            for s in socks:
                s.send(bytes([byte]))
            time.sleep(0.2)
    except ConnectionError:
        pass
    check("18 1 byte per 200 ms: closed after 1 s", all(closed(s, 1) for s in socks))
    for s in socks:
        s.close()


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


def never_reads(port, fixture):
    p = Pusher(port, bytes.fromhex("0001 0000 0006 01 03 0000 007D"))
    before = fixture.resident_kb()
    t = time.monotonic()
    ended = False
    while time.monotonic() - t < 9 and not ended:
        ended = not p.push()
    t = time.monotonic() - t
    check(f"20 never reads its answers: closed after {t:.1f} s", ended and 4.5 < t < 7)
    check("20 and memory stays", fixture.resident_kb() - before < 500, f"{fixture.resident_kb() - before} kB more")
    p.s.close()


def greedy(port):
    p = Pusher(port, GOOD)
    end = time.monotonic() + 1
    got = 0
    while time.monotonic() < end and p.push():
        try:
            got += len(p.s.recv(65536))
        except BlockingIOError:
            pass
    check(f"13 it gets {got // 11} answers in 1 s", got > 11 * 1000)
    p.s.close()


def flood(port):
    end = time.monotonic() + 1.5
    n = 0
    while time.monotonic() < end:
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.settimeout(1)
        s.connect(("127.0.0.1", port))
        s.close()
        n += 1
        time.sleep(0.0005)
    return n


def tcp_others(port, fixture):
    for what, abuse in [("18 four slow senders", lambda: dribble(port)),
                        ("20 one never reads", lambda: never_reads(port, fixture)),
                        ("13 one never stops asking", lambda: greedy(port)),
                        ("40 connections without end", lambda: flood(port))]:
        w = Watcher(port)
        abuse()
        w.finish(what)


# --- TCP: places, rights, descriptors -------------------------------------------------------------

def tcp_many():
    port = free_port()
    f = Fixture("--tcp", port, "--connections", 600)
    socks = []
    for _ in range(512):
        s = socket.socket()
        s.setblocking(False)
        s.connect_ex(("127.0.0.1", port))
        socks.append(s)
    t = time.monotonic()
    good = 0
    for s in socks:
        select.select([], [s], [], 2)
        good += exchange(s, seconds=2) == GOOD_ANSWER
    check(f"30 512 clients at once: all answered in {time.monotonic() - t:.2f} s", good == 512, f"{good}")
    for s in socks:
        s.close()
    check("36 ends on SIGTERM", f.stop() == 0)


def tcp_places():
    port = free_port()
    f = Fixture("--tcp", port, "--connections", 3, "--idle", 2)
    first, second = connect(port), connect(port)
    exchange(first)
    exchange(second)
    silent = connect(port)
    time.sleep(0.05)
    one_more = connect(port)
    same("30 one more than there are places: served", exchange(one_more), GOOD_ANSWER)
    check("30 the one that never asked gave way", closed(silent))
    exchange(first)
    another = connect(port)
    same("30 and another: served", exchange(another), GOOD_ANSWER)
    check("30 the one unused for longest gave way", closed(second))
    same("30 the others stay", exchange(first), GOOD_ANSWER)
    check("30 told in the log", "took the place" in f.log())
    time.sleep(1)
    same("35 silent for 1 of 2 s: stays", exchange(first), GOOD_ANSWER)
    check("35 silent for 2 s: closed", closed(another, 2))
    f.stop()
    again = Fixture("--tcp", port)
    with connect(port) as s:
        same("36 the port is free again at once", exchange(s), GOOD_ANSWER)
    again.stop()


def tcp_rights():
    port = free_port()
    f = Fixture("--tcp", port, "--allow", "10.0.0.0/8")
    with connect(port) as s:
        try:
            s.sendall(GOOD)
        except ConnectionError:
            pass
        check("33 not in allow: closed", closed(s, 1))
    check("33 told in the log", f.wait_log("not in allow", 1))
    f.stop()
    f = Fixture("--tcp", port, "--allow", "10.0.0.0/8", "--allow", "127.0.0.0/8")
    with connect(port) as s:
        same("33 in the second block of allow: served", exchange(s), GOOD_ANSWER)
    f.stop()


def tcp_descriptors():
    port = free_port()
    f = Fixture("--tcp", port, limit=20)
    kept = connect(port)
    exchange(kept)
    more = [connect(port) for _ in range(30)]
    time.sleep(0.3)
    cpu = f.cpu()
    time.sleep(1)
    check("39 no descriptor left: no busy loop", f.cpu() - cpu < 0.2, f"{f.cpu() - cpu:.2f} s of 1 s")
    same("39 those who are in are served", exchange(kept), GOOD_ANSWER)
    for s in more[:20]:
        s.close()
    same("39 and who waited is served when there is room", exchange(more[29], seconds=2), GOOD_ANSWER)
    check("39 told in the log", "Too many open files" in f.log())
    f.stop()


def tcp_ipv6():
    port = free_port()
    f = Fixture("--tcp", f"[::1]:{port}")
    with socket.create_connection(("::1", port), 2) as s:
        same("28 an IPv6 listener", exchange(s), GOOD_ANSWER)
    f.stop()


# --- RTU ------------------------------------------------------------------------------------------

def crc(data):
    c = 0xFFFF
    for byte in data:
        c ^= byte
        for _ in range(8):
            c = c >> 1 ^ 0xA001 if c & 1 else c >> 1
    return struct.pack("<H", c)


def adu(text):
    data = bytes.fromhex(text)
    return data + crc(data)


ASK, ASK_ANSWER = adu("05 03 0001 0001"), adu("05 03 02 1001")


class Line:
    """The master's end of a pty; the other end under a name that stays."""

    def __init__(self, path):
        self.master, slave = pty.openpty()
        tty.setraw(slave)
        self.path = path
        if os.path.islink(path):
            os.unlink(path)
        os.symlink(os.ttyname(slave), path)
        self.slave = slave

    def read(self, n, seconds=0.2):
        got = b""
        end = time.monotonic() + seconds
        while len(got) < n and (left := end - time.monotonic()) > 0:
            if select.select([self.master], [], [], left)[0]:
                try:
                    got += os.read(self.master, n - len(got))
                except OSError:
                    break
        return got

    def ask(self, request=ASK, n=len(ASK_ANSWER), seconds=0.2):
        os.write(self.master, request)
        return self.read(n, seconds)

    def close(self):
        os.close(self.master)
        os.close(self.slave)


RTU = [
    ("98 FC3", adu("05 03 0000 0001"), adu("05 03 02 1000")),
    ("99 another address", adu("06 03 0000 0001"), b""),
    ("99 another slave's reply", adu("06 03 02 1234"), b""),
    ("100 bad CRC", b"\x05\x03\x00\x00\x00\x01\x00\x00", b""),
    ("100 swapped CRC", bytes.fromhex("05 03 0000 0001 8E85"), b""),
    ("101 damaged address", bytes.fromhex("04 03 0000 0001 858E"), b""),
    ("102 one noise byte", b"\xFF", b""),
    ("102 noise burst", b"\xA5\x00\xFF\x05\x03", b""),
    ("104 300 bytes", b"\x05" * 300, b""),
    ("105 3 bytes", b"\x05\x03\x00", b""),
    ("106 broadcast FC6", adu("00 06 0070 ABCD"), b""),
    ("107 broadcast read", adu("00 03 0000 0001"), b""),
    ("107 broadcast unknown function", adu("00 63 0000"), b""),
    ("109 address 248", adu("F8 03 0000 0001"), b""),
    ("110 illegal quantity", adu("05 03 0000 0000"), adu("05 83 03")),
    ("110 unknown function", adu("05 63 0000"), adu("05 E3 01")),
    ("111 FC43/14", adu("05 2B 0E 04 02"), adu("05 2B 0E 04 81 00 00 01 02 03 302E31")),
    ("112 a length that fits nothing", adu("05 03 0000 00"), b""),
    ("112 a reply with our address", adu("05 03 02 1000"), b""),
    ("113 two frames without a pause", adu("05 03 0000 0001") + adu("05 03 0001 0001"), b""),
    ("83 FC22", adu("05 16 0004 00F2 0025"), adu("05 16 0004 00F2 0025")),
    ("76 FC16", adu("05 10 0005 0001 02 ABCD"), adu("05 10 0005 0001")),
    ("61 FC3 125 words", adu("05 03 0000 007D"), None),
]


def rtu_vectors(line):
    for what, request, answer in RTU:
        got = line.ask(request, len(answer) if answer else 255 if answer is None else 1, 0.2 if answer != b"" else 0.02)
        good = got == answer if answer is not None else len(got) == 255 and crc(got[:-2]) == got[-2:]
        time.sleep(0.01)
        next_one = line.ask()
        check(what, good and next_one == ASK_ANSWER, f"got {got.hex(' ')}, then {next_one.hex(' ')}")
        time.sleep(0.005)
    want = adu("05 03 02 ABCD")
    same("106 the broadcast was carried out", line.ask(adu("05 03 0070 0001"), len(want)), want)


def rtu_time(line):
    times = []
    for _ in range(50):
        time.sleep(0.005)
        t = time.monotonic()
        got = line.ask()
        times.append((time.monotonic() - t) * 1000)
        if got != ASK_ANSWER:
            times.append(999)
    times.sort()
    check(f"114 answers after {times[0]:.2f} ms at the least (3.5 characters: 2.005), {times[25]:.2f} in the middle",
          times[0] >= 2.0 and times[25] < 20, f"worst {times[-1]:.1f}")
    lost = 0
    os.write(line.master, b"\xFF")
    for _ in range(50):
        time.sleep(0.02)
        lost += line.ask() != ASK_ANSWER
    check("102 a stray byte costs none of the next 50", lost == 0, f"{lost} lost")


def mbpoll(what, *args):
    out = subprocess.run(["mbpoll", "-1", "-q", "-0", "-r", "0", "-c", "3", "-t", "4:hex", *map(str, args)],
                         capture_output=True, text=True, timeout=10, check=False).stdout
    got = [x.split()[1] for x in out.splitlines() if x.startswith("[")]
    check(what, got == ["0x1000", "0x1001", "0x1002"], out)


# --- What comes back: 5 s, so all at the same time ---------------------------------------------------

def coming_back(folder):
    port = free_port()
    blocker = socket.socket()
    blocker.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    blocker.bind(("127.0.0.1", port))
    blocker.listen()
    path = os.path.join(folder, "late")
    f = Fixture("--tcp", port, "--rtu", path)
    check("an address in use is told", f.wait_log(f"127.0.0.1:{port}: cannot listen: Address already in use", 1))
    check("a missing device is told", f.wait_log(f"{path}: cannot open: No such file or directory", 1))
    blocker.close()
    line = Line(path)
    check("the address is tried again", f.wait_log("listening", 7))
    check("the device is tried again", f.wait_log("open, 19200 Bd 8N2", 7))
    with connect(port) as s:
        same("and the listener serves", exchange(s), GOOD_ANSWER)
    same("and the line serves", line.ask(), ASK_ANSWER)
    line.close()
    check("a lost line is told", f.wait_log("lost: ", 2))
    with connect(port) as s:
        same("while TCP goes on", exchange(s), GOOD_ANSWER)
    cpu = f.cpu()
    line = Line(path)
    check("and opened again", f.wait_log("lost: ", 1) and wait_count(f, "open, 19200", 2, 7))
    check("without a busy loop meanwhile", f.cpu() - cpu < 0.3)
    same("and serves", line.ask(), ASK_ANSWER)
    check("each change is told once", f.log().count("cannot open") == 1 and f.log().count("cannot listen") == 1)
    line.close()
    f.stop()


def wait_count(f, text, n, seconds):
    end = time.monotonic() + seconds
    while f.log().count(text) < n and time.monotonic() < end:
        time.sleep(0.02)
    return f.log().count(text) >= n


def main():
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        line = Line(os.path.join(folder, "line"))
        f = Fixture("--tcp", port, "--rtu", line.path, "--baud", 19200, "--parity", "none")
        tcp_vectors(port)
        tcp_segments(port)
        tcp_endings(port)
        rtu_vectors(line)
        rtu_time(line)
        tcp_others(port, f)
        line.close()
        check("36 ends on SIGTERM with clients and lines", f.stop() == 0)
        port = free_port()
        line = Line(os.path.join(folder, "mbpoll-line"))
        f = Fixture("--tcp", port, "--rtu", line.path)
        mbpoll("a client we did not write, over TCP", "-m", "tcp", "-a", 1, "-p", port, "127.0.0.1")
        f.stop()
        line.close()
        mbpoll_pty(folder)
        tcp_many()
        tcp_places()
        tcp_rights()
        tcp_descriptors()
        tcp_ipv6()
        coming_back(folder)
    print(f"{passed} passed, {failed} failed")
    return failed != 0


def mbpoll_pty(folder):
    """Through socat, because mbpoll wants a device of its own."""
    ours, theirs = os.path.join(folder, "ours"), os.path.join(folder, "theirs")
    socat = subprocess.Popen(["socat", f"pty,raw,echo=0,link={ours}", f"pty,raw,echo=0,link={theirs}"])
    while not (os.path.exists(ours) and os.path.exists(theirs)):
        time.sleep(0.02)
    f = Fixture("--rtu", ours)
    mbpoll("a client we did not write, over RTU", "-m", "rtu", "-a", 5, "-b", 19200, "-P", "none", theirs)
    f.stop()
    socat.terminate()
    socat.wait()


if __name__ == "__main__":
    sys.exit(main())
