#!/usr/bin/env python3
"""Breaks the rules on purpose, one small break at a time, and counts the breaks that no test notices.

    mutate.py [--seconds N] [--seed N] [--jobs N] [FILE...]   default: 480 s, gateway/core and gateway/hub
    mutate.py --list [FILE...]                                only counts the places, by file
    mutate.py --edges                                         only the state edges, each against its story

A mutant is one file compiled anew and linked into a library of its own; the unit tests of the core and
the hub, the scenarios and the property run are executed against it until one fails, the likely ones
first. For files of gateway/modbus and registers these are their unit tests, the conformance vectors and
the kept corpora of the fuzz targets. Breaks are spread evenly: one for each function in turn, then a second one, until the time is up.

tests/mutants_equivalent.txt lists the breaks that change nothing anybody can see, with the reason:
    FILE | the line as broken | why
They are left out. Survivors are printed; the last lines give the score and count for tests/run.sh: below
90 % killed the survivors are failures.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import random
import re
import shlex
import subprocess
import sys
import threading
import time

HOME = pathlib.Path(__file__).resolve().parent.parent
BUILD = HOME / "build" / "mutate"
EQUIVALENT = HOME / "tests" / "mutants_equivalent.txt"
DEFAULT = ["gateway/core", "gateway/hub"]
GOOD_SCORE = 90
TOO_SLOW = 1.0  # seconds of a test: a survivor costs all of them; the test of the file itself is run all the same

SWAPS = [
    (r"(?<![<>=!-])<=(?!=)", "<"), (r"(?<![<>=!-])>=(?!=)", ">"),
    (r"(?<![<>=-]) < (?![<=])", " <= "), (r"(?<![<>=-]) > (?![>=])", " >= "),
    (r"==", "!="), (r"!=", "=="), (r"&&", "||"), (r"\|\|", "&&"),
    (r" \+ ", " - "), (r" - ", " + "), (r" \* (?=[\w(])", " + "), (r" / ", " * "),
    (r"\btrue\b", "false"), (r"\bfalse\b", "true"),
    (r"\bmono_min\b", "mono_max"), (r"\bmono_max\b", "mono_min"),
    (r"!(?=[a-z(])", ""), (r"return 0;", "return 1;"), (r" \|= ", " = "), (r" \+= ", " -= "), (r" -= ", " += "),
    (r"\bCHARGE\b", "DISCHARGE"), (r"\bDISCHARGE\b", "CHARGE"), (r"\bcontinue;", ";"), (r"\bbreak;", ";"),
    (r"(?<=if \()(?=\w)", "!"),
]
# A number a little larger; 0 and 1 are covered above.
NUMBER = re.compile(r"(?<![\w.\[])([2-9]|[1-9][0-9]+)(?![\w.\]])")
# What can be taken away: a simple statement, a row of a table.
STATEMENT = re.compile(r"^\s+(?!\(void\)|return|break|continue|goto|const|static|struct|enum|int|bool|uint|mono_us)[\w*(].*;$")
ROW = re.compile(r"^ {4}(\{.*\},?|EDGE\(.*\))$")
# Of two equal values either is the lower or higher, and minus nothing is nothing: < and <= are the same here.
MIN_MAX = re.compile(r"(?P<a>[\w.>\[\]-]+) (<|<=|>|>=) (?P<b>[\w.>\[\]-]+) \? ((?P=a) : (?P=b)|(?P=b) : (?P=a)|-(?P=a) : (?P=a))")
FUNCTION = re.compile(r"^[a-z].*?(\w+)\(")

# Files whose tests are of another room, and how those are known: by what they include.
SERVED = ("gateway/modbus", "registers")
OF_CORE = r'#include "(core/|hub/|hub_bench)'
OF_SERVED = r'#include "(modbus/|regmap|told_line|\.\./fixture_map)'

Mutant = collections.namedtuple("Mutant", "file line text function")


def breaks_of(line, following):
    """Every broken form of one line of code, but for those that can be seen to change nothing."""
    either = [m.span() for m in MIN_MAX.finditer(line)]
    for pattern, to in SWAPS:
        for m in re.finditer(pattern, line):
            if to.strip() in ("<", "<=", ">", ">=") and any(a <= m.start() < b for a, b in either):
                continue
            if m.group() == "break;" and following.strip() == "}":
                continue
            yield line[:m.start()] + to + line[m.end():]
    for m in NUMBER.finditer(line):
        n = int(m.group())
        yield line[:m.start()] + str(n + max(1, n // 10)) + line[m.end():]
    if STATEMENT.match(line) and line.count("(") == line.count(")"):
        yield ";"
    if ROW.match(line):
        yield ""


def mutants_of(path):
    """The mutants of a file, by the function they are in ("" outside of any)."""
    comment, function, pending = False, "", ""
    lines = (HOME / path).read_text().splitlines()
    for n, line in enumerate(lines):
        comment = comment or line.lstrip().startswith("/*")
        code = not comment and "assert(" not in line and not line.startswith("#include")
        comment = comment and "*/" not in line
        found = FUNCTION.match(line)
        if found and not line.endswith(";"):
            pending = found.group(1)
        if line == "{":
            function = pending
        elif line == "}":
            function = ""
        if code and not line.startswith(("static inline", "#if", "#endif", "}")):
            following = lines[n + 1] if n + 1 < len(lines) else ""
            for text in breaks_of(re.sub(r"\s*/\*.*\*/", "", line), following):
                yield Mutant(path, n, text, function)


def every_mutant(names):
    files = []
    for name in names:
        path = HOME / name
        files += sorted(path.rglob("*.c")) if path.is_dir() else [path]
    return [m for f in files for m in mutants_of(str(f.relative_to(HOME)))]


def spread(mutants, seed):
    """One of each function, then a second one of each ..., in random order within a round."""
    groups = collections.defaultdict(list)
    for m in mutants:
        groups[m.file, m.function].append(m)
    dice, rounds = random.Random(seed), []
    for group in groups.values():
        dice.shuffle(group)
        for i, m in enumerate(group):
            if i == len(rounds):
                rounds.append([])
            rounds[i].append(m)
    for r in rounds:
        dice.shuffle(r)
    return [m for r in rounds for m in r]


def read_equivalents():
    known = {}
    for line in EQUIVALENT.read_text().splitlines() if EQUIVALENT.exists() else []:
        if line and not line.startswith("#"):
            file, rest = line.split(" | ", 1)
            text, why = rest.rsplit(" | ", 1)
            known[file, text.strip()] = why
    return known


class Tests:
    """What may notice: [command], the likely ones first."""

    def __init__(self, files=()):
        self.seconds, self.slow, self.kills, self.lock = {}, {}, collections.Counter(), threading.Lock()
        served = bool(files) and all(f.startswith(SERVED) for f in files)
        for source in sorted((HOME / "tests" / "unit").glob("test_*.c")):
            text = source.read_text()
            if re.search(OF_SERVED if served else OF_CORE, text) and not re.search(r'#include "io/', text):
                self.seconds[str(BUILD / "tests" / source.stem),] = 0
        if served:
            self.play_served()
        else:
            self.play_core()

    def play_served(self):
        conform = str(BUILD / "tests" / "conform")
        for how in ("tcp", "rtu"):
            self.seconds[conform, how, str(HOME / "tests" / "conformance" / "vectors.txt")] = 0
        self.seconds[conform, "sweep"] = 0
        for what in ("pdu", "mbap", "rtu", "rtu_stream"):
            self.seconds[str(BUILD / "tests" / f"fuzz_{what}"), str(HOME / "tests" / "fuzz" / "corpus" / what)] = 0

    def play_core(self):
        for scenario in sorted((HOME / "tests" / "scenarios").glob("*.hub")):
            self.seconds[str(BUILD / "tests" / "scenario"), str(scenario)] = 0
        if (HOME / "tests" / "property.c").exists():
            self.seconds[str(BUILD / "tests" / "property"), "--seed", "1", "--steps", "5000"] = 0

    def targets(self):
        return sorted({pathlib.Path(t[0]).name for t in self.seconds})

    def order(self, stem):
        def rank(t):
            return (not t[0].endswith("test_" + stem), -self.kills[t] / (self.seconds[t] + 0.02))
        with self.lock:
            own = [t for t in self.slow if t[0].endswith("test_" + stem)]
            return sorted(self.seconds, key=rank) + own

    def run(self, test, library, limit):
        env = dict(os.environ, LD_LIBRARY_PATH=str(library))
        try:
            return subprocess.run(test, env=env, timeout=limit, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                  check=False).returncode == 0
        except subprocess.TimeoutExpired:
            return False

    def baseline(self):
        for test in self.seconds:
            start = time.monotonic()
            if not self.run(test, BUILD, 120):
                sys.exit(f"not green without a mutant: {' '.join(test)}")
            self.seconds[test] = time.monotonic() - start
        for test in [t for t, seconds in self.seconds.items() if seconds > TOO_SLOW]:
            self.slow[test] = self.seconds.pop(test)
        print(f"{len(self.seconds)} tests, {sum(self.seconds.values()):.1f} s; slower ones are left out:",
              *sorted(pathlib.Path(t[1] if len(t) == 2 else t[0]).name for t in self.slow), flush=True)

    def notice(self, stem, library):
        """The test that fails with this library, or None."""
        for test in self.order(stem):
            if not self.run(test, library, 5 + 10 * self.seconds.get(test, 2)):
                with self.lock:
                    self.kills[test] += 1
                return test
        return None


class Builder:
    def __init__(self, targets):
        subprocess.run(["cmake", "-S", HOME, "-B", BUILD, "-DCMAKE_BUILD_TYPE=RelWithDebInfo", "-DHUB_PURE_KIND=SHARED",
                        "-DCMAKE_SKIP_RPATH=ON", "-DCMAKE_POSITION_INDEPENDENT_CODE=ON", "-DHUB_WERROR=OFF"],
                       stdout=subprocess.DEVNULL, check=True)
        made = subprocess.run(["cmake", "--build", BUILD, "-j2", "--target", *targets], capture_output=True, text=True,
                              check=False)
        if made.returncode:
            sys.exit(made.stdout[-3000:])
        self.commands, self.objects = {}, {}
        for entry in json.loads((BUILD / "compile_commands.json").read_text()):
            words = shlex.split(entry["command"])
            output = words[words.index("-o") + 1]
            if "hub_pure.dir" in output:
                name = str(pathlib.Path(entry["file"]).relative_to(HOME))
                self.commands[name] = words
                self.objects[name] = str(BUILD / output)

    def make(self, mutant, folder):
        """Compiles the mutant into folder/libhub_pure.so; false when it is no C."""
        lines = (HOME / mutant.file).read_text().splitlines()
        lines[mutant.line] = mutant.text
        source, obj = folder / "mutant.c", folder / "mutant.o"
        source.write_text("\n".join(lines) + "\n")
        words = [w for w in self.commands[mutant.file] if not w.startswith("-W") and w != "ccache"]
        # The sanitizer runs of tests/run.sh would notice an index outside of its array.
        words += ["-fsanitize=undefined,bounds-strict", "-fsanitize-undefined-trap-on-error"]
        words[words.index("-o") + 1] = str(obj)
        words[words.index("-c") + 1] = str(source)
        if subprocess.run([*words, "-w", "-O0", "-U_FORTIFY_SOURCE"], cwd=BUILD, capture_output=True, check=False).returncode:
            return False
        objects = [o for name, o in self.objects.items() if name != mutant.file]
        subprocess.run([words[0], "-shared", "-o", folder / "libhub_pure.so", obj, *objects, "-linih"], check=True)
        return True


def try_mutant(mutant, builder, tests, folders):
    folder = folders.pop()
    try:
        if not builder.make(mutant, folder):
            return "no C"
        return tests.notice(pathlib.Path(mutant.file).stem, folder)
    finally:
        folders.append(folder)


def show(mutant):
    return f"{mutant.file}:{mutant.line + 1}: {mutant.text.strip() or '(taken away)'}"


def original(mutant):
    return (HOME / mutant.file).read_text().splitlines()[mutant.line].strip()


def as_listed(mutant):
    """How the list of equivalents names it: what is taken away stands in brackets."""
    return mutant.text.strip() if mutant.text not in (";", "") else f"({original(mutant)})"


def play(order, args, builder, tests):
    folders = []
    for i in range(args.jobs):
        folders.append(BUILD / f"mutant{i}")
        folders[-1].mkdir(exist_ok=True)
    end, killed, alive, left = time.monotonic() + args.seconds, collections.Counter(), [], iter(order)
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        running = {}
        while True:
            while len(running) < args.jobs and time.monotonic() < end and (m := next(left, None)):
                running[pool.submit(try_mutant, m, builder, tests, folders)] = m
            if not running:
                return killed, alive
            for done in concurrent.futures.wait(running, return_when="FIRST_COMPLETED").done:
                mutant, result = running.pop(done), done.result()
                if result is None:
                    alive.append(mutant)
                    print("survives", show(mutant), "  was:", original(mutant), flush=True)
                elif result != "no C":
                    killed[mutant.file] += 1


def edges_of(path):
    """Line and "FROM --> TO: EVENT" of each row of a state table."""
    for n, line in enumerate((HOME / path).read_text().splitlines()):
        m = re.match(r"\s+EDGE\((\w+), (\w+), (\w+)\)", line)
        if m:
            yield n, f"{m[1]} --> {m[3]}: {m[2]}"


def try_edges():
    """Takes the state edges out one by one; the story that tests/scenarios/README.md names has to notice."""
    page = (HOME / "tests" / "scenarios" / "README.md").read_text()
    stories = dict(re.findall(r"^\| (\w+ --> \w+: \w+) \| (\w+\.hub) \|$", page, re.M))
    builder, tests, folder = Builder(["scenario"]), Tests(), BUILD / "mutant0"
    folder.mkdir(exist_ok=True)
    passed = failed = 0
    for path in ("gateway/core/member.c", "gateway/core/supervisor.c"):
        for n, edge in edges_of(path):
            test = (str(BUILD / "tests" / "scenario"), str(HOME / "tests" / "scenarios" / stories.get(edge, "none")))
            if not tests.run(test, BUILD, 60) or not builder.make(Mutant(path, n, "", ""), folder):
                sys.exit(f"{test[1]} does not hold, or there is none for {edge}")
            noticed = not tests.run(test, folder, 60)
            passed, failed = passed + noticed, failed + (not noticed)
            print("noticed" if noticed else "MISSED ", edge, pathlib.Path(test[1]).name, flush=True)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--seconds", type=int, default=480)
    args.add_argument("--seed", type=int, default=1)
    args.add_argument("--jobs", type=int, default=2)
    args.add_argument("--list", action="store_true")
    args.add_argument("--edges", action="store_true")
    args.add_argument("files", nargs="*", default=DEFAULT)
    args = args.parse_args()
    if args.edges:
        try_edges()
    mutants, equivalents = every_mutant(args.files), read_equivalents()
    if args.list:
        for name, n in sorted(collections.Counter(m.file for m in mutants).items()):
            print(f"{n:5} {name}")
        print(f"{len(mutants)} places")
        return
    left_out = {(m.file, as_listed(m)) for m in mutants} & equivalents.keys()
    mutants = [m for m in mutants if (m.file, as_listed(m)) not in equivalents]
    tests = Tests(args.files)
    start = time.monotonic()
    builder = Builder(tests.targets())
    tests.baseline()
    args.seconds -= int(time.monotonic() - start)
    killed, alive = play(spread(mutants, args.seed), args, builder, tests)
    lost = collections.Counter(m.file for m in alive)
    total = sum(killed.values()) + len(alive)
    for name in sorted(killed.keys() | lost.keys()):
        print(f"{killed[name]:5} of {killed[name] + lost[name]:4} killed in {name}")
    for test, n in tests.kills.most_common(10):
        print(f"{n:5} by {pathlib.Path(test[-1] if len(test) == 2 else test[0]).name}")
    for file, text in sorted(equivalents.keys() - left_out):
        if any(m.startswith(file) or file.startswith(m) for m in args.files):
            print(f"stale in {EQUIVALENT.name}: {file} | {text}")
    print(f"{total} of {len(mutants)} places tried, {len(left_out)} more are listed as equivalent")
    score = 100 * sum(killed.values()) // total if total else 0
    print(f"{sum(killed.values())} of {total} killed: {score} %")
    good = score >= GOOD_SCORE
    print(f"{sum(killed.values())} passed, {0 if good else len(alive)} failed")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
