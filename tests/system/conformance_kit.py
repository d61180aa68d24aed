"""What the conformance checks over sockets and ptys share; conformance.py runs them.

A function with @on("tcp"), @on("rtu") or both proves checks of tests/conformance/checks.txt on that
transport: those whose numbers its check() and same() texts begin with. tests/conformance/generate.py
reads the same texts out of the source, so a number must stand there literally.
"""
import os
import pty
import re
import select
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import tty

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "build")
HUBGATE = os.path.join(BUILD, "hubgate")
FIXTURE = os.path.join(BUILD, "tests", "modbus_fixture")
GOOD = bytes.fromhex("7777 0000 0006 01 04 0000 0001")
GOOD_ANSWER = bytes.fromhex("7777 0000 0005 01 04 02 2000")


class Results:
    """What was checked so far; good[(number, transport)] turns False with the first failure."""

    def __init__(self):
        self.passed = self.failed = 0
        self.good = {}
        self.lock = threading.Lock()
        self.here = threading.local()

    def add(self, what, good, detail):
        numbers = re.match(r"(\d+(?:,\d+)*) ", what)
        with self.lock:
            self.passed += good
            self.failed += not good
            for number in numbers.group(1).split(",") if numbers else []:
                for transport in getattr(self.here, "transports", ()):
                    key = (int(number), transport)
                    self.good[key] = self.good.get(key, True) and good
            print("ok  " if good else "FAIL", what, "" if good else detail, flush=True)


results = Results()
functions = []


def on(*transports, waits=False):
    """Marks a function that proves checks. waits: it does little but wait, and
    runs beside the others. One with a parameter is called with each transport in turn."""
    def mark(f):
        f.transports, f.waits = transports, waits
        functions.append(f)
        return f
    return mark


def run(fs):
    """Calls functions marked with on(), in the order of the source and those that wait beside them."""
    beside = threading.Thread(target=run_in_turn, args=([f for f in fs if f.waits],))
    beside.start()
    run_in_turn([f for f in fs if not f.waits])
    beside.join()


def run_in_turn(fs):
    """One that breaks is a failure, and the next goes on."""
    for f in fs:
        if f.__code__.co_argcount:
            for transport in f.transports:
                run_one(f, (transport,), transport)
        else:
            run_one(f, f.transports)


def run_one(f, transports, *args):
    results.here.transports = transports
    try:
        f(*args)
    except Exception as e:  # whatever a check could not stand
        check(f"{f.__module__}.{f.__name__}", False, repr(e))


def check(what, good, detail=""):
    results.add(what, bool(good), detail)


def same(what, got, want):
    show = got.hex(" ") if isinstance(got, bytes) else got
    check(what, got == want, f"\n     expected {want.hex(' ')}\n     got      {show}")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until(what, seconds):
    """Whether what() becomes true in time."""
    end = time.monotonic() + seconds
    while not (good := what()) and time.monotonic() < end:
        time.sleep(0.02)
    return good


class Child:
    """A program with its log in a file."""

    def __init__(self, args, limit=None):
        self.log_file = tempfile.TemporaryFile("w+")
        if limit:
            args = ["prlimit", f"--nofile={limit}", *args]
        self.child = subprocess.Popen(args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log_file)

    def log(self):
        return os.pread(self.log_file.fileno(), 1 << 20, 0).decode()

    def wait_log(self, text, seconds, times=1):
        return wait_until(lambda: self.log().count(text) >= times, seconds)

    def cpu(self):
        """Seconds of processor used so far."""
        with open(f"/proc/{self.child.pid}/stat", encoding="ascii") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_kb(self):
        with open(f"/proc/{self.child.pid}/status", encoding="ascii") as f:
            return int(next(x for x in f if x.startswith("VmRSS")).split()[1])

    def stop(self):
        self.child.terminate()
        code = self.child.wait(10)
        self.child.stdout.close()
        self.log_file.close()
        return code

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.child.poll() is None:
            self.stop()


class Fixture(Child):
    """modbus_fixture; port is that of its listener."""

    def __init__(self, *args, limit=None, port=None):
        self.port = port or free_port()
        super().__init__([FIXTURE, "--tcp", str(self.port), *map(str, args)], limit)
        if self.child.stdout.readline() != b"ready\n":
            raise RuntimeError(f"{FIXTURE} did not start: {self.log()}")


# --- TCP ---

def connect(port, source=None, host="127.0.0.1"):
    """source: another address of this machine, 127.0.0.2 for one."""
    end = time.monotonic() + 3
    while True:
        try:
            s = socket.create_connection((host, port), 2, source_address=source and (source, 0))
            break
        except ConnectionRefusedError:
            if time.monotonic() > end:
                raise
            time.sleep(0.005)
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
        except ConnectionError:
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
    """answer: as long as the one that is expected."""
    try:
        s.sendall(request)
    except ConnectionError:
        return b""
    return read(s, len(answer), seconds)


def reset(s):
    """Ends a connection with RST."""
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


class Watcher:
    """conformance_watcher.py beside what is done meanwhile."""

    def __init__(self, port, source="127.0.0.1"):
        self.child = subprocess.Popen([sys.executable, os.path.join(HERE, "conformance_watcher.py"), str(port), source],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.child.stdout.readline()

    def finish(self):
        """Returns whether all was answered with a p99 under 50 ms, and a text of it."""
        n, lost, p99 = self.child.communicate(timeout=10)[0].split()
        return lost == "0" and float(p99) < 50, f"{n} answers, {lost} lost, p99 {float(p99):.1f} ms"


# --- a serial line ---

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


ASK, ASK_ANSWER = adu("05 04 0001 0001"), adu("05 04 02 2001")


class Line:
    """The master's end of a pty; the other end under a name that stays."""

    def __init__(self, path):
        self.master, self.slave = pty.openpty()
        tty.setraw(self.slave)
        self.path = path
        if os.path.islink(path):
            os.unlink(path)
        os.symlink(os.ttyname(self.slave), path)

    def write(self, data):
        os.write(self.master, data)

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

    def ask(self, request=ASK, answer=ASK_ANSWER, seconds=0.2):
        self.write(request)
        return self.read(len(answer), seconds)

    def close(self):
        os.close(self.master)
        os.close(self.slave)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
