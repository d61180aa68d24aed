"""tests/conformance/vectors.txt over a socket and over a pty. The language is told in that file.

A vector is clean when the answer is right, comes within 200 ms, and a good request behind it on the
same connection or line is answered. Each one has a server of its own, so none sees another's writes.
"""
import os
import re
import tempfile
import time

from conformance_kit import (ASK, ASK_ANSWER, GOOD, GOOD_ANSWER, Fixture, Line, closed, connect, crc,
                             exchange, on, read, results)

PATH = os.path.join(os.path.dirname(__file__), "..", "conformance", "vectors.txt")


def load(path=PATH):
    """[number text, how, name, [(what, text)]] of each vector."""
    vectors = []
    with open(path, encoding="ascii") as f:
        for line in f:
            if not line.strip() or line.startswith("#"):
                continue
            if line[0].isdigit():
                number, how, name = line.split(None, 2)
                vectors.append((number, how, name.strip(), []))
            else:
                what, _, text = line.strip().partition(" ")
                vectors[-1][3].append((what, text))
    return vectors


def words(text):
    """What a line of bytes says: [(microseconds before, bytes)]."""
    parts = [(0, b"")]
    for word in re.findall(r'"[^"]*"|\S+', text):
        us, data = parts[-1]
        if word[0] == "~":
            parts.append((int(word[1:]), b""))
            continue
        if word == "crc":
            data += crc(data)
        elif word[0] == '"':
            data += word[1:-1].encode()
        elif "*" in word:
            one, _, times = word.partition("*")
            data += bytes.fromhex(one) * int(times)
        elif "+" in word:
            start, _, times = word.partition("+")
            data += b"".join((int(start, 16) + i).to_bytes(2, "big") for i in range(int(times)))
        else:
            data += bytes.fromhex(word)
        parts[-1] = us, data
    return parts


def dressed(parts, how, serial):
    """Puts a head, or address and checksum, around a PDU."""
    pdu = parts[0][1]
    if not how.startswith("pdu") or not pdu:
        return parts
    if serial:
        return [(0, b"\x05" + pdu + crc(b"\x05" + pdu))]
    return [(0, b"\0\1\0\0" + (len(pdu) + 1).to_bytes(2, "big") + b"\1" + pdu)]


def send(parts, write):
    for us, data in parts:
        time.sleep(us / 1e6)
        write(data)


def play_tcp(vector):
    """What went wrong, or nothing. Silence is proved by the next answer: TCP keeps the order."""
    _, how, _, steps = vector
    with Fixture() as f, connect(f.port) as s:
        for what, text in steps:
            if what == "x":
                return None if closed(s) else "not closed"
            parts = dressed(words(text), how, False)
            if what == ">":
                send(parts, s.sendall)
            elif (got := read(s, len(parts[0][1]))) != parts[0][1]:
                return f"\n     expected {parts[0][1].hex(' ')}\n     got      {got.hex(' ')}"
        got = exchange(s)
    return None if got == GOOD_ANSWER else f"\n     the good request behind it: {got.hex(' ')}"


def play_rtu(vector, line):
    _, how, _, steps = vector
    with Fixture("--rtu", line.path):
        line.ask()  # it has opened the line
        for what, text in steps:
            parts = dressed(words(text), how, True)
            want = parts[0][1]
            if what == ">":
                time.sleep(0.01)
                send(parts, line.write)
            elif (got := line.read(len(want) or 1, 0.2 if want else 0.02)) != want:
                return f"\n     expected {want.hex(' ')}\n     got      {got.hex(' ')}"
        time.sleep(0.01)
        got = line.ask()
    return None if got == ASK_ANSWER else f"\n     the good request behind it: {got.hex(' ')}"


def play(vectors, one):
    """On a busy machine 200 ms can pass while nobody runs, and a silence unseen: a vector gets a second
    try. In told time (conform.c) it gets none."""
    for vector in vectors:
        why = one(vector) and one(vector)
        results.add(f"{vector[0]} {vector[2]}", why is None, why)


@on("tcp")
def over_tcp():
    play([v for v in load() if v[1] in ("pdu", "pdu-tcp", "tcp")], play_tcp)


@on("rtu")
def over_rtu():
    with tempfile.TemporaryDirectory() as folder, Line(os.path.join(folder, "line")) as line:
        play([v for v in load() if v[1] in ("pdu", "pdu-rtu", "rtu")],
             lambda v: play_rtu(v, line))
