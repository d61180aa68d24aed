#!/usr/bin/env python3
"""Reads every register of registers.csv with somebody else's client and writes NAME RAW-WORDS lines.

    whole_map.py tcp HOST:PORT CSV OUT        mbpoll, Modbus TCP
    whole_map.py rtu rtu:DEVICE CSV OUT       mbpoll, Modbus RTU, 19200 8N1
    whole_map.py pymodbus HOST:PORT CSV OUT   pymodbus, holding and input registers; the same are
                 pymodbus-rtu rtu:DEVICE, pymodbus-rtu-over-tcp and, all at once, pymodbus-async
    whole_map.py same OUT1 OUT2 CSV           compares all but what moves with time
"""
import csv
import subprocess
import sys

MOVES = ("age", "uptime", "heartbeat", "frames", "setpoint", "unknown", "inverter", "control_late", "control_turn",
         "tcp1_", "rtu1_", "effective")


def rows(path):
    return [r for r in csv.DictReader(open(path, encoding="utf-8")) if r["table"] == "holding"]


def runs(table):
    """Adjacent registers together, at most 125 words a request."""
    words = sorted((int(r["address"]), int(r["words"])) for r in table)
    start, end = words[0][0], words[0][0]
    for address, count in words:
        if address != end or address + count - start > 125:
            yield start, end - start
            start = address
        end = address + count
    yield start, end - start


def mbpoll(where, start, count):
    if where.startswith("rtu:"):
        args = ["-m", "rtu", "-b", "19200", "-P", "none", where[4:]]
    else:
        host, port = where.rsplit(":", 1)
        args = ["-m", "tcp", "-p", port, host]
    out = subprocess.run(["mbpoll", "-1", "-q", "-0", "-a", "1", "-t", "4:hex", "-r", str(start), "-c", str(count)] + args,
                         capture_output=True, text=True, timeout=20, check=False)
    got = [int(line.split(":")[1].strip(), 16) for line in out.stdout.splitlines() if line.startswith("[")]
    if out.returncode or len(got) != count:
        sys.exit(f"{start}+{count}: {out.stdout}{out.stderr}")
    return got


def pymodbus(how, where):
    from pymodbus.client import ModbusSerialClient, ModbusTcpClient
    from pymodbus.framer.rtu_framer import ModbusRtuFramer

    if how == "pymodbus-rtu":
        client = ModbusSerialClient(where[4:], framer=ModbusRtuFramer, baudrate=19200, parity="N", stopbits=2, timeout=1)
    else:
        host, port = where.rsplit(":", 1)
        more = {"framer": ModbusRtuFramer} if how == "pymodbus-rtu-over-tcp" else {}
        client = ModbusTcpClient(host, port=int(port), **more)
    if not client.connect():
        sys.exit("pymodbus cannot connect")

    def read(_, start, count):
        words = []
        for call in (client.read_holding_registers, client.read_input_registers):
            answer = call(start, count, slave=1)
            if answer.isError():
                sys.exit(f"{start}+{count}: {answer}")
            words.append(answer.registers)
        return words[0]

    return read


def pymodbus_async(where, spans):
    """All requests are under way at the same time."""
    import asyncio

    from pymodbus.client import AsyncModbusTcpClient

    async def ask():
        host, port = where.rsplit(":", 1)
        client = AsyncModbusTcpClient(host, port=int(port))
        await client.connect()
        return await asyncio.gather(*(client.protocol.read_holding_registers(start, count, slave=1) for start, count in spans))

    answers = dict(zip(spans, asyncio.run(ask())))

    def read(_, start, count):
        answer = answers[start, count]
        if answer.isError():
            sys.exit(f"{start}+{count}: {answer}")
        return answer.registers

    return read


def read_all(how, where, path, out):
    table = rows(path)
    if how == "pymodbus-async":
        read = pymodbus_async(where, list(runs(table)))
    else:
        read = pymodbus(how, where) if how.startswith("pymodbus") else mbpoll
    image = {}
    for start, count in runs(table):
        for i, word in enumerate(read(where, start, count)):
            image[start + i] = word
    with open(out, "w", encoding="ascii") as f:
        for r in table:
            a, n = int(r["address"]), int(r["words"])
            f.write(r["name"] + " " + " ".join(f"{image[a + i]:04X}" for i in range(n)) + "\n")
    print(f"{len(table)} registers, {len(image)} words")


def same(one, two, path):
    skip = {r["name"] for r in rows(path) if any(m in r["name"] for m in MOVES)}
    bad = 0
    for a, b in zip(open(one, encoding="ascii"), open(two, encoding="ascii")):
        if a != b and a.split()[0] not in skip and not a.split()[0].startswith(("charge_", "ccl", "dcl", "discharge_")):
            print(a.strip(), "|", b.strip())
            bad += 1
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    if sys.argv[1] == "same":
        same(*sys.argv[2:])
    read_all(*sys.argv[1:])
