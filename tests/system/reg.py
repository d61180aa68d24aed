#!/usr/bin/env python3
"""Reads registers by name with mbpoll and prints their values.

    reg.py CSV HOST:PORT NAME...        or   reg.py CSV rtu:DEVICE NAME...

The address, type and scale come from registers.csv, the words from mbpoll, one call a register;
the decoding is done here. "not available" prints as "--".
"""
import csv
import subprocess
import sys

NOT_AVAILABLE = {"uint16": 0xFFFF, "int16": 0x8000, "uint32": 0xFFFFFFFF, "int32": 0x80000000,
                 "uint64": 0xFFFFFFFFFFFFFFFF, "int64": 0x8000000000000000}


def words(where, address, count):
    if where.startswith("rtu:"):
        args = ["-m", "rtu", "-b", "19200", "-P", "none", "-a", "1", where[4:]]
    else:
        host, port = where.rsplit(":", 1)
        args = ["-m", "tcp", "-p", port, "-a", "1", host]
    out = subprocess.run(["mbpoll", "-1", "-q", "-0", "-t", "4:hex", "-r", str(address), "-c", str(count)] + args,
                         capture_output=True, text=True, timeout=10, check=False)
    got = [line.split(":")[1].strip() for line in out.stdout.splitlines() if line.startswith("[")]
    if out.returncode or len(got) != count:
        sys.exit(f"reg: address {address}: {out.stdout}{out.stderr}")
    return [int(w, 16) for w in got]


def decode(kind, raw, scale):
    if kind.startswith("string") or kind == "text":
        return b"".join(w.to_bytes(2, "big") for w in raw).rstrip(b"\0 ").decode("ascii", "replace")
    value = 0
    for w in raw:
        value = value << 16 | w
    if value == NOT_AVAILABLE[kind]:
        return "--"
    if kind.startswith("int") and value >> (16 * len(raw) - 1):
        value -= 1 << 16 * len(raw)
    return f"{value * float(scale):.6g}"


def main():
    table = {row["name"]: row for row in csv.DictReader(open(sys.argv[1], encoding="utf-8"))}
    for name in sys.argv[3:]:
        row = table[name]
        raw = words(sys.argv[2], int(row["address"]), int(row["words"]))
        print(decode(row["type"], raw, row["scale"] or 1))


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    main()
