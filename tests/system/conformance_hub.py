"""The gateway itself as a child, and its published map, for conformance checks."""
import csv
import os
import re
import tempfile

from conformance_kit import HUBGATE, Child, Line, connect, crc, exchange, free_port, read, wait_until

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
PUBLISHED = os.path.join(ROOT, "registers", "generated")

RUNNING, DEGRADED = 1, 2  # of states.def

INI = """[hub]
clusters = 2
modules = 5
profile = weco-4k4-pro
[cluster.1]
{cluster1}
[cluster.2]
link = sim
[inverter.1]
link = sim
protocol = victron
[sim]
soc = 44.8, 51.6
[limits]
setpoint_timeout_s = 2
{limits}
[modbus.tcp]
listen = 127.0.0.1:{port}
cluster_units = 11
write = yes
allow_write = 127.0.0.1
[modbus.tcp.2]
listen = 127.0.0.1:{reader}
[modbus.rtu]
device = {writer_line}
parity = none
cluster_units = 11
write = yes
[modbus.rtu.2]
device = {reader_line}
parity = none
"""


def registers():
    """{name: row} of registers.csv."""
    with open(os.path.join(PUBLISHED, "registers.csv"), encoding="utf-8") as f:
        return {row["name"]: row for row in csv.DictReader(f)}


def blocks():
    """[(address, words)] as REGISTERS.md says them, each of a row of equal ones."""
    with open(os.path.join(PUBLISHED, "REGISTERS.md"), encoding="utf-8") as f:
        text = " ".join(f.read().split())
    found = []
    for words, base, _, count, stride in re.findall(
            r"(\d+) words from address (\d+) \([^)]*\)\.( There are (\d+) of them, (\d+) addresses apart)?", text):
        found += [(int(base) + i * int(stride or 0), int(words)) for i in range(int(count or 1))]
    return found


def bits():
    """(first, last) of the discrete inputs."""
    with open(os.path.join(PUBLISHED, "REGISTERS.md"), encoding="utf-8") as f:
        return tuple(map(int, re.search(r"Function code 02, addresses (\d+) to (\d+)", f.read()).groups()))


class Tcp:
    """Asks with PDUs and gives back PDUs."""

    def __init__(self, port):
        self.s = connect(port)

    def ask(self, pdu, unit=1):
        self.s.sendall(b"\0\7\0\0" + (len(pdu) + 1).to_bytes(2, "big") + bytes([unit]) + pdu)
        head = read(self.s, 7, 1)
        return read(self.s, int.from_bytes(head[4:6], "big") - 1, 1) if len(head) == 7 else b""

    def close(self):
        self.s.close()


class Rtu:
    def __init__(self, line):
        self.line = line

    def ask(self, pdu, unit=1):
        frame = bytes([unit]) + pdu
        self.line.write(frame + crc(frame))
        got = self.line.read(4, 1)
        while len(got) >= 4 and crc(got[:-2]) != got[-2:] and (more := self.line.read(1, 0.1)):
            got += more
        return got[1:-2]

    def close(self):
        pass


class Gateway(Child):
    """hubgate run, with two simulated clusters unless told otherwise. Its first listener and line may
    write, the second ones not."""

    def __init__(self, cluster1="link = sim", limits=""):
        self.folder = tempfile.TemporaryDirectory()
        name = self.folder.name
        self.lines = [Line(os.path.join(name, "writer")), Line(os.path.join(name, "reader"))]
        self.ports = [free_port(), free_port()]
        with open(os.path.join(name, "hub.ini"), "w", encoding="ascii") as f:
            f.write(INI.format(cluster1=cluster1, limits=limits, port=self.ports[0], reader=self.ports[1],
                               writer_line=self.lines[0].path, reader_line=self.lines[1].path))
        self.table = registers()
        super().__init__([HUBGATE, "run", "-c", os.path.join(name, "hub.ini")])
        if not wait_until(lambda: self.child.poll() is not None or self.get("hub_state") in (RUNNING, DEGRADED), 10):
            raise RuntimeError(f"the gateway does not run: {self.log()}")

    def client(self, transport, may_write=True):
        which = 0 if may_write else 1
        return Tcp(self.ports[which]) if transport == "tcp" else Rtu(self.lines[which])

    def get(self, name):
        """The raw value of a register, over a connection of its own."""
        client = Tcp(self.ports[1])
        try:
            return self.value(client, name)
        finally:
            client.close()

    def address(self, name):
        return int(self.table[name]["address"])

    def value(self, client, name):
        words = int(self.table[name]["words"])
        got = client.ask(b"\3" + self.address(name).to_bytes(2, "big") + words.to_bytes(2, "big"))
        return int.from_bytes(got[2:], "big") if got[:1] == b"\3" else None

    def write(self, client, name, *values):
        """The answer to FC 16 from that register on."""
        words = b"".join(v.to_bytes(2, "big") for v in values)
        return client.ask(b"\x10" + self.address(name).to_bytes(2, "big") + len(values).to_bytes(2, "big")
                          + bytes([len(words)]) + words)

    def stop(self):
        code = super().stop()
        for line in self.lines:
            line.close()
        self.folder.cleanup()
        return code
