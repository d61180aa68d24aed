#!/usr/bin/env python3
"""A Modbus RTU line in trouble, over ptys: when answers start, disturbances, adapters that go and come back, other
owners, garbage.

    rtu_line.py [BUILD]

Times are only held to what a busy machine keeps too: never early, none lost. The numbers are printed.
"""
import fcntl
import os
import random
import subprocess
import sys
import tempfile
import termios
import threading
import time

from conformance_kit import (ASK_ANSWER, BUILD, FIXTURE, Fixture, Line, adu, check, free_port, functions, on, results,
                             run_in_turn)

RETRIES = 3  # seconds in which a device is tried again, every 2 s


def load(what, *args, server=()):
    """rtu_load fails when an answer is missing, wrong or early."""
    ended = subprocess.run([os.path.join(BUILD, "tests", "rtu_load"), *map(str, args), "--", FIXTURE, "--rtu", "{}", *map(str, server)],
                           capture_output=True, text=True, timeout=120, check=False)
    saw = dict(x.split() for x in ended.stdout.splitlines())
    numbers = ", ".join(f"{k} {saw.get(k)}" for k in ("answered", "lost", "wrong", "early", "torn", "disturbed", "over_us_p50",
                                                      "wire_thousandths"))
    check(f"{what}: {numbers}", ended.returncode == 0, ended.stdout + ended.stderr)


@on()
def pace():
    for baud, requests in ((9600, 40), (19200, 80), (115200, 300)):
        load(f"{baud} Bd: never before 3.5 characters, none lost", "--baud", baud, "--requests", requests, server=("--baud", baud))


@on()
def disturbed():
    load("strays, halves and others between the requests lose none", "--baud", 115200, "--paced", "no", "--disturb", "yes",
         "--requests", 1200, server=("--baud", 115200))
    load("... nor at the wire's pace", "--baud", 115200, "--disturb", "yes", "--requests", 200, "--seed", 2,
         server=("--baud", 115200))


@on()
def beside_a_flood():
    """512 TCP clients with eight requests under way each, on the same thread of the server."""
    port = free_port()
    crowd = []
    flood = threading.Timer(0.5, lambda: crowd.append(subprocess.Popen(
        [os.path.join(BUILD, "tests", "load"), str(port), "--connections", "512", "--depth", "8", "--seconds", "4"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)))
    flood.start()
    load("beside 512 busy TCP clients: never early, none lost", "--baud", 115200, "--requests", 300,
         server=("--baud", 115200, "--tcp", port, "--connections", 600))
    flood.join()
    check("... which were there", crowd[0].wait(20) is not None)


def speed(line):
    return termios.tcgetattr(line.slave)[4]


@on(waits=True)
def owned_by_another():
    with tempfile.TemporaryDirectory() as folder, Line(os.path.join(folder, "line")) as line:
        first = Fixture("--rtu", line.path, "--baud", 19200)
        check("the first has it", line.ask() == ASK_ANSWER)
        with Fixture("--rtu", line.path, "--baud", 9600) as second:
            said = f"{line.path}: in use by another process: modbus_fixture (pid {first.child.pid})"
            check("the second says who has it", second.wait_log(said, 1), second.log())
            time.sleep(RETRIES)
            check("... once", second.log().count("in use") == 1, second.log())
            check("... and has not touched the rate of the first", speed(line) == termios.B19200, speed(line))
            check("the first goes on", line.ask() == ASK_ANSWER)
            first.stop()
            check("the second takes it when it is free", second.wait_log("open, 9600 Bd", RETRIES), second.log())
            check("... and serves", line.ask() == ASK_ANSWER)


@on(waits=True)
def locked_by_another():
    with tempfile.TemporaryDirectory() as folder, Line(os.path.join(folder, "line")) as line:
        fcntl.flock(line.slave, fcntl.LOCK_EX)
        with Fixture("--rtu", line.path) as f:
            check("a lock of another program is kept to", f.wait_log(f"in use by another process: {ours()} (pid {os.getpid()})", 1),
                  f.log())
            fcntl.flock(line.slave, fcntl.LOCK_UN)
            check("... until it is gone", f.wait_log("open, 19200", RETRIES), f.log())
            check("the device is closed to others", exclusive(line))


def ours():
    with open("/proc/self/comm", encoding="ascii") as f:
        return f.read().strip()


def exclusive(line):
    """Only root may open it then, so the flag itself is asked (TIOCGEXCL)."""
    return int.from_bytes(fcntl.ioctl(line.slave, 0x80045440, b"\0" * 4), sys.byteorder) == 1


@on(waits=True)
def unplugged():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "usb-FTDI_1")
        line = Line(path)
        with Fixture("--rtu", path) as f:
            line.ask()
            os.unlink(path)
            line.close()
            check("a lost adapter is told", f.wait_log(f"{path}: lost: ", 1), f.log())
            cpu, lines = f.cpu(), f.log().count("\n")
            time.sleep(RETRIES)
            check("... once, however often it is looked for", f.log().count("\n") == lines, f.log())
            check("... without a busy loop", f.cpu() - cpu < 0.1, f.cpu() - cpu)
            with Line(path) as other:
                check("its name is opened again, whatever is behind it now", f.wait_log("open, 19200", RETRIES, times=2), f.log())
                check("... and served", other.ask() == ASK_ANSWER)


@on(waits=True)
def swapped():
    """The link stays in place and points elsewhere: another number for the same adapter."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "usb-FTDI_1")
        line = Line(path)
        with Fixture("--rtu", path) as f:
            line.ask()
            with Line(path) as other:
                line.close()
                check("an adapter with another number is found by its link", f.wait_log("open, 19200", RETRIES, times=2), f.log())
                check("... and served", other.ask() == ASK_ANSWER)


@on(waits=True)
def no_output():
    with tempfile.TemporaryDirectory() as folder, Line(os.path.join(folder, "line")) as line:
        with Fixture("--rtu", line.path, "--baud", 115200) as f:
            big = adu("05 04 0000 007D")
            for _ in range(300):  # 300 x 255 bytes are more than the pty keeps
                line.write(big)
                time.sleep(0.003)
                if "takes no output" in f.log():
                    break
            check("a line that takes no output is told", f.wait_log("takes no output, answers are lost", 1), f.log())
            time.sleep(0.05)
            while line.read(4096, 0.1):
                pass
            check("answers of long ago do not come later", line.ask() == ASK_ANSWER)
            check("that it goes on is told", f.wait_log("takes output again", 1), f.log())


@on(waits=True)
def not_a_line():
    with tempfile.NamedTemporaryFile() as file, Fixture("--rtu", file.name) as f:
        check("a file is no serial device", f.wait_log("cannot open: Inappropriate ioctl for device (it is no serial device)", 1), f.log())


@on(waits=True)
def rs485():
    with tempfile.TemporaryDirectory() as folder, Line(os.path.join(folder, "line")) as line:
        with Fixture("--rtu", line.path, "--rs485", "yes") as f:
            check("a driver without RS485 mode is told, with what it means",
                  f.wait_log("the driver does not turn the direction (Inappropriate ioctl for device): an adapter that does so by "
                             "itself needs no rs485 = yes", 1), f.log())
            check("... and the line serves all the same", line.ask() == ASK_ANSWER)


@on(waits=True)
def idle():
    with tempfile.TemporaryDirectory() as folder, Line(os.path.join(folder, "line")) as line:
        with Fixture("--rtu", line.path) as f:
            line.ask()
            time.sleep(0.1)
            before = switches(f)
            time.sleep(3)
            check("an idle line wakes nobody", switches(f) == before, f"{switches(f) - before} times in 3 s")


def switches(f):
    """How often the threads of the server have begun to wait."""
    n = 0
    for task in os.listdir(f"/proc/{f.child.pid}/task"):
        with open(f"/proc/{f.child.pid}/task/{task}/status", encoding="ascii") as status:
            n += int(next(x for x in status if x.startswith("voluntary")).split()[1])
    return n


WRITE, READ_BACK = adu("05 06 0007 1234"), adu("05 03 0007 0001")
READ_NEW = adu("05 03 02 1234")


def timed(line, request, answer, seconds=1.0):
    start = time.monotonic()
    return line.ask(request, answer, seconds), (time.monotonic() - start) * 1000


@on()
def writes_wait_for_control():
    with tempfile.TemporaryDirectory() as folder, Line(os.path.join(folder, "line")) as line:
        with Fixture("--rtu", line.path, "--later", 100) as f:
            check("a write is answered when control has answered", *written(*timed(line, WRITE, WRITE), 100, 300))
            check("... and is in force then", line.ask(READ_BACK, READ_NEW) == READ_NEW)
            line.write(adu("05 06 0008 4321"))
            time.sleep(0.02)
            line.write(b"\0")
            check("a stray byte meanwhile costs nothing", line.read(8, 0.5) == adu("05 06 0008 4321"))
            line.write(adu("05 06 0009 4321"))
            time.sleep(0.02)
            check("who asks meanwhile is answered", line.ask() == ASK_ANSWER)
            check("... and gets no answer of before", line.read(1, 0.3) == b"")
            line.write(adu("00 06 000A 4321"))
            time.sleep(0.05)
            check("a broadcast keeps nobody waiting", line.ask() == ASK_ANSWER and line.read(1, 0.2) == b"")
            check("... and is carried out", line.ask(adu("05 03 000A 0001"), READ_NEW) == adu("05 03 02 4321"))
            line.write(adu("05 06 000B 4321"))
            time.sleep(0.02)
            os.unlink(line.path)
            with Line(line.path) as other:
                os.close(line.master)
                line.master = os.open("/dev/null", os.O_RDWR)
                check("a line that is lost while it waits comes back", f.wait_log("open, 19200", RETRIES, times=2), f.log())
                check("... without the answer of before", other.ask() == ASK_ANSWER and other.read(1, 0.2) == b"")
    with tempfile.TemporaryDirectory() as folder, Line(os.path.join(folder, "line")) as line:
        with Fixture("--rtu", line.path, "--later", 700):
            busy = adu("05 86 06")
            check("what takes over half a second is exception 06", *written(*timed(line, WRITE, busy), 500, 650, busy))
            check("... and nothing comes later", line.read(1, 0.4) == b"")


def written(got, took, at_least, most, want=WRITE):
    return got == want and at_least <= took <= most, f"{got.hex(' ')} after {took:.0f} ms"


@on(waits=True)
def garbage():
    with tempfile.TemporaryDirectory() as folder, Line(os.path.join(folder, "line")) as line:
        with Fixture("--rtu", line.path, "--baud", 19200, "--parity", "even") as f:
            line.ask()
            end = time.monotonic() + 32
            noise = random.Random(1)
            early = None
            while time.monotonic() < end:
                line.write(b"\x05" + noise.randbytes(7))
                time.sleep(0.2)
                if early is None and time.monotonic() > end - 4:
                    early = "garbage" in f.log()
            check("28 s of garbage are not yet told", early is False)
            hint = "broken frames: is the line 19200 Bd, parity even? Are A and B swapped?"
            check("30 s are, once, with what to look at", f.log().count(hint) == 1, f.log())
            check("and the next good request is answered", line.ask() == ASK_ANSWER)


def main():
    """What is timed in turn; beside it what mostly waits, and the garbage, which waits longest."""
    lanes = ([f for f in functions if not f.waits], [garbage], [f for f in functions if f.waits and f is not garbage])
    threads = [threading.Thread(target=run_in_turn, args=(lane,)) for lane in lanes]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    print(f"{results.passed} passed, {results.failed} failed")
    return results.failed != 0


if __name__ == "__main__":
    sys.exit(main())
