"""Every address with FC 1 to 4 against the published map: registers.csv and the blocks of REGISTERS.md."""
import time

from conformance_hub import Gateway, bits, blocks, registers
from conformance_kit import Fixture, check, connect, on, read

DEPTH = 16


def sweep(s, function):
    """[the answer to quantity 1: data bytes, or the exception code] of all addresses."""
    found = []
    for start in range(0, 65536, DEPTH):
        s.sendall(b"".join(b"%c%c\0\0\0\6\1%c%c%c\0\1" % (a >> 8, a & 255, function, a >> 8, a & 255)
                           for a in range(start, start + DEPTH)))
        for a in range(start, start + DEPTH):
            head = read(s, 9, 2)
            if len(head) < 9 or head[:4] != b"%c%c\0\0" % (a >> 8, a & 255):
                raise RuntimeError(f"FC {function}, address {a}: {head.hex(' ')}")
            found.append(head[8] if head[7] & 0x80 else read(s, head[8], 2))
    return found


def differences(found, served):
    """The first addresses that are not as they should be: data where served, else exception 02."""
    return [a for a in range(65536) if (not isinstance(found[a], bytes) if served(a) else found[a] != 2)][:10]


def reserved():
    """Words inside a block that no register has."""
    inside = {a + i for a, words in blocks() for i in range(words)}
    named = {int(r["address"]) + i for r in registers().values() if r["table"] == "holding" for i in range(int(r["words"]))}
    return inside, inside - named, named - inside


@on("tcp")
def sweep_gateway():
    inside, silent, outside = reserved()
    check("65 each register of registers.csv lies in a block of REGISTERS.md", not outside, str(sorted(outside)[:10]))
    first, last = bits()
    t = time.monotonic()
    with Gateway() as g, connect(g.ports[1]) as s:
        for function in (3, 4):
            found = sweep(s, function)
            wrong = differences(found, lambda a: a in inside)
            check(f"65 FC {function}: {len(inside)} words, exception 02 at all others", not wrong, str(wrong))
            wrong = [a for a in sorted(silent) if found[a] != b"\xff\xff"][:10]
            check(f"55 FC {function}: {len(silent)} reserved words read 0xFFFF", not wrong, str(wrong))
        wrong = differences(sweep(s, 2), lambda a: first <= a <= last)
        check(f"65 FC 2: inputs {first} to {last}, exception 02 at all others", not wrong, str(wrong))
        wrong = [a for a, x in enumerate(sweep(s, 1)) if x != 1]
        check("65 FC 1: coils are a function that is not there", not wrong, str(wrong[:10]))
        check("65 and the gateway ends as it should", g.stop() == 0)
    t = time.monotonic() - t
    check("65 all within 120 s", t < 120, f"{t:.1f} s")


@on("tcp")
def sweep_fixture():
    with Fixture() as f, connect(f.port) as s:
        for function, size, word in [(1, 2000, lambda a: a % 3 == 0), (2, 2000, lambda a: a % 2),
                                     (3, 200, lambda a: 0x1000 + a), (4, 200, lambda a: 0x2000 + a)]:
            found = sweep(s, function)
            width = 1 if function < 3 else 2
            wrong = [a for a in range(65536) if found[a] != (int(word(a)).to_bytes(width, "big") if a < size else 2)]
            check(f"65 the map of the vectors, FC {function}: {size} elements", not wrong, str(wrong[:10]))
