"""A serial line over a pty: time, noise, devices that go and come back, and a client of others."""
import os
import subprocess
import tempfile
import time

from conformance_kit import (ASK, ASK_ANSWER, GOOD_ANSWER, HUBGATE, Child, Fixture, Line, adu, check, connect, crc,
                             exchange, free_port, on, same)


@on("rtu")
def answer_time():
    with tempfile.TemporaryDirectory() as folder, Line(os.path.join(folder, "line")) as line:
        with Fixture("--rtu", line.path, "--baud", 19200, "--parity", "none"):
            line.ask()
            times, wrong = [], 0
            for _ in range(100):
                time.sleep(0.005)
                t = time.monotonic()
                wrong += line.ask() != ASK_ANSWER
                times.append((time.monotonic() - t) * 1000)
            times.sort()
            check("114 never before 3.5 characters (2.005 ms at 19,200 Bd)", wrong == 0 and times[0] >= 2.0,
                  f"{wrong} wrong, {times[0]:.3f} ms")
            check("114 and in the middle within 3 ms", times[50] < 3, f"{times[50]:.3f} ms")


@on("rtu")
def errors_are_fast():
    with tempfile.TemporaryDirectory() as folder, Line(os.path.join(folder, "line")) as line:
        with Fixture("--rtu", line.path):
            line.ask()
            worst = wrong = 0
            for ask, answer in [("05 63 00", "05 E3 01"), ("05 03 0000 0000", "05 83 03"), ("05 03 00C8 0001", "05 83 02")] * 20:
                time.sleep(0.005)
                t = time.monotonic()
                wrong += line.ask(adu(ask), adu(answer)) != adu(answer)
                worst = max(worst, time.monotonic() - t)
            check("110 exceptions come within 50 ms", wrong == 0 and worst < 0.05, f"{wrong} wrong, {worst * 1000:.1f} ms")


@on("rtu")
def noise():
    with tempfile.TemporaryDirectory() as folder, Line(os.path.join(folder, "line")) as line:
        with Fixture("--rtu", line.path):
            line.ask()
            lost = 0
            for i in range(50):
                line.write(bytes([0xFF]) if i % 2 else b"\x05\x03\x00")
                time.sleep(0.01)
                lost += line.ask(seconds=1) != ASK_ANSWER
                time.sleep(0.01)
            check("102 stray bytes before each of 50 requests cost none", lost == 0, f"{lost} lost")


@on("rtu")
def absent_neighbour():
    with tempfile.TemporaryDirectory() as folder, Line(os.path.join(folder, "line")) as line:
        with Fixture("--rtu", line.path):
            line.ask()
            lost = 0
            for _ in range(20):
                line.write(adu("06 03 0000 0001"))
                time.sleep(0.02)
                lost += line.ask(seconds=1) != ASK_ANSWER
                time.sleep(0.005)
            check("99 a neighbour that never answers costs none of our requests", lost == 0, f"{lost} lost")


@on("rtu")
def rates():
    with tempfile.TemporaryDirectory() as folder:
        for baud, parity, said in [(9600, "none", "9600 Bd 8N2"), (19200, "even", "19200 Bd 8E1"),
                                   (38400, "odd", "38400 Bd 8O1")]:
            with Line(os.path.join(folder, "line")) as line:
                with Fixture("--rtu", line.path, "--baud", baud, "--parity", parity) as f:
                    check(f"115 {said}", f.wait_log(said, 2), f.log())
        ini = os.path.join(folder, "hub.ini")

        def check_file(line):
            with open(ini, "w", encoding="ascii") as f:
                f.write(f"[hub]\nclusters = 1\n[cluster.1]\nlink = sim\n[modbus.rtu]\ndevice = {folder}/line\n{line}\n")
            return subprocess.run([HUBGATE, "check", ini], capture_output=True, text=True, timeout=10, check=False)

        said = check_file("baud = 12345")
        check("115 an unknown rate is refused with its line", said.returncode == 78 and "hub.ini:7" in said.stderr + said.stdout,
              f"{said.returncode} {said.stdout}{said.stderr}")
        check("115 9600 is there", check_file("baud = 9600").returncode == 0)
        check_file("")
        with Line(os.path.join(folder, "line")), Child([HUBGATE, "run", "-c", ini]) as g:
            check("115 nothing configured: 19200 8E1", g.wait_log("open, 19200 Bd 8E1", 3), g.log())


@on("rtu")
def broadcasts_off():
    """Address 7 is written to all; read back it is as it was."""
    want = adu("05 03 02 1007")
    with tempfile.TemporaryDirectory() as folder:
        for what, option in (("broadcast writes", "--broadcast-writes"), ("writing", "--line-write")):
            with Line(os.path.join(folder, "line")) as line, Fixture("--rtu", line.path, option, "no"):
                line.ask()
                for frame in ("00 06 0007 AAAA", "00 10 0007 0001 02 AAAA", "00 16 0007 0000 AAAA"):
                    line.write(adu(frame))
                    same(f"108 {what} off: no answer", line.read(1, 0.02), b"")
                same(f"108 {what} off: not carried out", line.ask(adu("05 03 0007 0001"), want), want)


def told(line, what, request, answer):
    """One exchange, after the silence between frames."""
    time.sleep(0.01)
    want = adu(answer) if answer else b""
    line.write(adu(request))
    got = line.read(len(want) or 1, 0.2 if want else 0.03)
    return f"{what}: {request} brought {got.hex(' ') or 'nothing'}" if got != want else ""


@on("rtu")
def listen_only():
    with tempfile.TemporaryDirectory() as folder, Line(os.path.join(folder, "line")) as line:
        with Fixture("--rtu", line.path, "--diagnostics", "yes"):
            line.ask()
            wrong = [told(line, *x) for x in (
                ("listen only is not answered", "05 08 0004 0000", ""), ("nor is what comes then", "05 03 0000 0001", ""),
                ("and a write is not carried out", "05 06 0007 AAAA", ""), ("nor one to all", "00 06 0007 AAAA", ""),
                ("restart is the way out, not answered", "05 08 0001 0000", ""),
                ("then all is as before", "05 03 0007 0001", "05 03 02 1007"),
                ("restart is answered before it is done", "05 08 0001 FF00", "05 08 0001 FF00"),
                ("it clears the counters", "05 08 000B 0000", "05 08 000B 0001"),
                ("and the log: this request, the answer before, its request, the restart", "05 0C",
                 "05 0C 0A 0000 0001 0002 80 40 80 00"),
                ("bad data of restart", "05 08 0001 1234", "05 88 03"), ("bad data of listen only", "05 08 0004 0001", "05 88 03"))]
            check("116 listen only and restart, where they are allowed", not any(wrong), "\n".join(wrong))
        with Fixture("--rtu", line.path, "--diagnostics", "yes", "--line-write", "no"):
            line.ask()
            wrong = [told(line, "without writing", "05 08 0004 0000", "05 88 01"),
                     told(line, "without writing", "05 08 0001 0000", "05 88 01")]
            check("116 they need writing, too", not any(wrong), "\n".join(wrong))


@on("rtu")
def event_log():
    with tempfile.TemporaryDirectory() as folder, Line(os.path.join(folder, "line")) as line:
        with Fixture("--rtu", line.path):
            for _ in range(40):
                line.ask()
                time.sleep(0.003)
            line.write(adu("05 0C"))
            got = line.read(76)
            check("117 FC 12 after 40 requests: 64 events, the newest first",
                  len(got) == 75 and got[2] == 70 and got[9:73] == b"\x80\x40" * 32 and crc(got[:-2]) == got[-2:], got.hex(" "))


@on("rtu", waits=True)
def coming_back():
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "late")
        with Fixture("--rtu", path, port=port) as f:
            check("a missing device is told", f.wait_log(f"{path}: cannot open: No such file or directory (is the adapter plugged in?", 1))
            line = Line(path)
            check("the device is tried again", f.wait_log("open, 19200 Bd 8N2", 7))
            same("and the line serves", line.ask(), ASK_ANSWER)
            line.close()
            check("a lost line is told", f.wait_log("lost: ", 2))
            with connect(port) as s:
                same("while TCP goes on", exchange(s), GOOD_ANSWER)
            cpu = f.cpu()
            line = Line(path)
            check("and opened again", f.wait_log("open, 19200", 7, times=2))
            check("without a busy loop meanwhile", f.cpu() - cpu < 0.3)
            same("and serves", line.ask(), ASK_ANSWER)
            check("each change is told once", f.log().count("cannot open") == 1)
            line.close()


@on("tcp", waits=True)
def address_in_use():
    with Fixture() as first:
        with connect(first.port) as kept, Fixture(port=first.port) as f:
            exchange(kept)
            check("an address in use is told",
                  f.wait_log(f"127.0.0.1:{first.port}: cannot listen: Address already in use", 1))
            kept.close()
            first.stop()
            check("and tried again", f.wait_log("listening", 7))
            with connect(first.port) as s:
                same("36 and the listener serves", exchange(s), GOOD_ANSWER)


def mbpoll(*args):
    out = subprocess.run(["mbpoll", "-1", "-q", "-0", "-r", "0", "-c", "3", "-t", "4:hex", *map(str, args)],
                         capture_output=True, text=True, timeout=10, check=False).stdout
    got = [x.split()[1] for x in out.splitlines() if x.startswith("[")]
    return got == ["0x1000", "0x1001", "0x1002"], out


@on("tcp")
def mbpoll_tcp():
    with Fixture() as f:
        check("61 mbpoll, a client we did not write", *mbpoll("-m", "tcp", "-a", 1, "-p", f.port, "127.0.0.1"))


@on("rtu")
def mbpoll_rtu():
    """Through socat, because mbpoll wants a device of its own."""
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = os.path.join(folder, "ours"), os.path.join(folder, "theirs")
        with subprocess.Popen(["socat", f"pty,raw,echo=0,link={ours}", f"pty,raw,echo=0,link={theirs}"]) as socat:
            while not (os.path.exists(ours) and os.path.exists(theirs)):
                time.sleep(0.02)
            with Fixture("--rtu", ours):
                check("61 mbpoll, a client we did not write",
                      *mbpoll("-m", "rtu", "-a", 5, "-b", 19200, "-P", "none", theirs))
            socat.terminate()
