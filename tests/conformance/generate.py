#!/usr/bin/env python3
"""Makes tests/CONFORMANCE.md from checks.txt, vectors.txt and the tests that name a check.

    generate.py            prints the document
    generate.py --check    fails when tests/CONFORMANCE.md is not it, or a check has no proof

A proof is a vector; a text "NUMBER what" of a unit test in UNIT; or one in check(), same() or codes()
of a function with @on(...) in tests/system/conformance_*.py. Several numbers have commas between them.
"""
import ast
import glob
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
BOTH = ("tcp", "rtu")
# Unit tests whose cases name checks, and the transports they stand for.
UNIT = {"test_pdu.c": BOTH, "test_mbap.c": ("tcp",), "test_rtu.c": ("rtu",), "test_serial_functions.c": ("rtu",),
        "test_parked.c": BOTH, "test_shape.c": BOTH, "test_rtu_runs.c": ("rtu",), "test_rtu_busy_line.c": ("rtu",),
        "test_rtu_stream.c": ("tcp",),
        "test_tcp_socket.c": ("tcp",), "test_flip.c": ("tcp",), "test_triple.c": BOTH, "../conform.c": BOTH}
HOW = {"pdu": BOTH, "pdu-tcp": ("tcp",), "pdu-rtu": ("rtu",), "tcp": ("tcp",), "rtu": ("rtu",), "told": ("rtu",)}
NUMBERS = r"([1-9]\d{0,2}(?:, ?[1-9]\d{0,2})*) "


class Check:
    def __init__(self, number, mark, where, section, reasons):
        self.number, self.mark, self.section = int(number), mark, section
        self.where = {"both": BOTH, "tcp": ("tcp",), "rtu": ("rtu",), "none": ()}[where]
        self.reasons = dict(reasons)
        self.text = {}
        self.proofs = {"tcp": [], "rtu": []}


def read_checks():
    """{number: Check} in the order of the file."""
    checks, section, reasons, last = {}, "", {}, None
    for line in open(os.path.join(HERE, "checks.txt"), encoding="ascii"):
        line = line.rstrip()
        word, _, rest = line.strip().partition(" ")
        if not line or line[0] == "#":
            continue
        if word == "section":
            section, reasons, last = rest, {}, None
        elif line[0].isdigit():
            last = Check(word, *rest.split(), section, reasons)
            checks[last.number] = last
        else:
            key, _, text = line.strip().partition(": ")
            if not key.startswith("not "):
                last.text[key.rstrip(":")] = text.strip()
            else:
                (last.reasons if last else reasons)[key[4:]] = text.strip()
    return checks


def vector_proofs():
    """(number, transport, played on real edges) of each vector."""
    for line in open(os.path.join(HERE, "vectors.txt"), encoding="ascii"):
        if line[0].isdigit():
            numbers, how, _ = line.split(None, 2)
            for number in numbers.split(","):
                for transport in HOW[how]:
                    yield int(number), transport, how != "told"


def unit_proofs():
    """(number, transport, file) of each text of a unit test."""
    for name, transports in UNIT.items():
        path = os.path.join(TESTS, "unit", name)
        if not os.path.exists(path):
            continue
        with open(path, encoding="utf-8") as f:
            for numbers in re.findall(r'"\s*' + NUMBERS + r'[^"]*[a-z][^"]*"', f.read()):
                for number in re.split(", ?", numbers):
                    for transport in transports:
                        yield int(number), transport, os.path.basename(name)


def first_text(node):
    """The constant a text begins with, of "..." and f"..."."""
    if isinstance(node, ast.JoinedStr) and node.values:
        node = node.values[0]
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def system_proofs():
    """(number, transport, file, function) of each check over sockets and ptys."""
    for path in sorted(glob.glob(os.path.join(TESTS, "system", "conformance_*.py"))):
        with open(path, encoding="utf-8") as f:
            tree = ast.parse(f.read())
        for function in (n for n in tree.body if isinstance(n, ast.FunctionDef)):
            marks = [d for d in function.decorator_list if isinstance(d, ast.Call) and d.func.id == "on"]
            transports = [a.value for d in marks for a in d.args]
            for call in (n for n in ast.walk(function) if isinstance(n, ast.Call) and n.args):
                if not isinstance(call.func, ast.Name) or call.func.id not in ("check", "same", "codes"):
                    continue
                numbers = re.match(NUMBERS, first_text(call.args[0]))
                for number in numbers.group(1).split(",") if numbers else []:
                    for transport in transports:
                        yield int(number), transport, os.path.basename(path), function.name


def system_claims():
    """{(number, transport)} that conformance.py has to run."""
    return {(n, t) for n, t, real in vector_proofs() if real} | {(n, t) for n, t, *_ in system_proofs()}


def gather(checks):
    played = [(number, transport) for number, transport, _ in vector_proofs()]
    unknown = {n for n, *_ in [*played, *system_proofs()]} - set(checks)
    if unknown:
        sys.exit(f"a proof of a check that is not in checks.txt: {sorted(unknown)}")
    for number, transport in sorted(set(played)):
        checks[number].proofs[transport].append(f"vectors.txt ({played.count((number, transport))})")
    for number, transport, *words in [*unit_proofs(), *system_proofs()]:
        said = " ".join(words)
        if number in checks and said not in checks[number].proofs[transport]:
            checks[number].proofs[transport].append(said)


def cell(check, transport):
    if transport in check.where:
        return ", ".join(check.proofs[transport]) or "NO PROOF"
    return "not here: " + check.reasons.get("here", check.reasons.get(transport, "NO REASON"))


HEAD = """# Conformance of the Modbus server

Made by `tests/conformance/generate.py` from `tests/conformance/checks.txt`, `vectors.txt` and the tests
that name a check. Do not edit.

Checked against the published rules, not against the official conformance test specification of
modbus.org, which we have not read: nobody should take this for a certificate.

%s

* **Marks**: M: the document demands it. S: it recommends it. P: it leaves it open, and this is what
  hubgate does.
* **Sources**, with printed pages: APP = MODBUS Application Protocol Specification V1.1b3; TCP = MODBUS
  Messaging on TCP/IP Implementation Guide V1.0b; SER = MODBUS over Serial Line Specification and
  Implementation Guide V1.02; SEC = MODBUS/TCP Security v21 (2018-07-24), by rule number; hubgate = a rule of ours.
* **Proofs**: `vectors.txt (N)`: so many vectors of `tests/conformance/vectors.txt`, played on the engine
  and the framers in told time (`tests/conform.c`) and over sockets and a pty (`tests/system/conformance.py`);
  `test_NAME.c`: cases of a unit test that name it; `conformance_NAME.py FUNCTION`: a check
  over real sockets or ptys. `conformance.py` fails when one of its checks named here did not run.
* **By hand**: `build/tests/modbus_fixture --tcp PORT --rtu DEVICE` serves the map of the vectors (unit 1,
  address 5) through the real engine and edges, for any other tool.
"""


def summary(checks):
    proven = {t: sum(t in c.where and bool(c.proofs[t]) for c in checks.values()) for t in BOTH}
    none = sum(not c.where for c in checks.values())
    return f"{len(checks)} checks: {proven['tcp']} proven on TCP, {proven['rtu']} on RTU, {none} do not apply."


def document(checks):
    out, section = [HEAD % summary(checks)], None
    for c in checks.values():
        if c.section != section:
            section = c.section
            letter, _, title = section.partition(" ")
            out.append(f"## {letter}. {title}\n\n| | | sent | right | source | on TCP | on RTU |\n|---:|---|---|---|---|---|---|")
        cells = [c.number, c.mark, c.text["send"], c.text["right"], c.text["from"], cell(c, "tcp"), cell(c, "rtu")]
        out.append("| " + " | ".join(map(str, cells)) + " |")
    return re.sub(r"\|\n## ", "|\n\n## ", "\n".join(out)) + "\n"


def complain(checks):
    """What is wrong with the list itself."""
    if sorted(checks) != list(range(1, 121)):
        yield "not the numbers 1 to 120"
    for c in checks.values():
        yield from (f"{c.number} has no proof on {t}" for t in c.where if not c.proofs[t])
        yield from (f"{c.number} says nothing about {t}" for t in BOTH if "NO REASON" in cell(c, t))
        yield from (f"{c.number} lacks {k}" for k in ("send", "right", "from") if not c.text.get(k))
        yield from (f"{c.number} is proven on {t}, where it does not apply" for t in BOTH
                    if t not in c.where and any("vectors" in p or ".py" in p for p in c.proofs[t]))


def main():
    checks = read_checks()
    gather(checks)
    text = document(checks)
    if sys.argv[1:] != ["--check"]:
        sys.stdout.write(text)
        return 0
    wrong = list(complain(checks))
    path = os.path.join(TESTS, "CONFORMANCE.md")
    if not os.path.exists(path) or open(path, encoding="utf-8").read() != text:
        wrong.append("tests/CONFORMANCE.md is not what would be made: tests/conformance/generate.py > tests/CONFORMANCE.md")
    print("\n".join(wrong + [summary(checks)]))
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
