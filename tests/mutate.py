#!/usr/bin/env python3
"""Breaks the code on purpose, one operator at a time, and counts the breaks no test notices.

    mutate.py [--seconds N] [--seed N] FILE...      default: 540 s, the core and the hub
    mutate.py --list [FILE...]                      only counts the places, by file

Works in a copy under build/mutate. Each mutant is built and the unit tests, vectors and scenarios are
run until one fails. Survivors are printed with file and line. The last line counts: killed passed,
surviving failed; survivors up to one in ten are tolerated.
"""
import argparse
import collections
import pathlib
import random
import re
import shutil
import subprocess
import sys
import time

SWAPS = [
    (r"(?<![<>=!-])<=(?!=)", "<"), (r"(?<![<>=!-])>=(?!=)", ">"),
    (r"(?<![<>=-]) < (?![<=])", " <= "), (r"(?<![<>=-]) > (?![>=])", " >= "),
    (r"==", "!="), (r"!=", "=="), (r"&&", "||"), (r"\|\|", "&&"),
    (r" \+ ", " - "), (r" - ", " + "), (r" \* (?=[\w(])", " + "), (r" / ", " * "),
    (r"\btrue\b", "false"), (r"\bfalse\b", "true"),
    (r"\bMONO_S\((\d+)\)", r"MONO_S(\1 + 1)"), (r"\bmono_min\b", "mono_max"), (r"\bmono_max\b", "mono_min"),
    (r"!(?=[a-z(])", ""), (r"return 0;", "return 1;"),
]
DEFAULT = ["gateway/core", "gateway/hub"]


def places(root, names):
    for name in names:
        path = root / name
        for f in sorted(path.rglob("*.c")) if path.is_dir() else [path]:
            comment = False
            for n, line in enumerate(f.read_text().splitlines()):
                comment = comment or line.lstrip().startswith("/*")
                code = not comment and not line.lstrip().startswith("#")
                comment = comment and "*/" not in line
                if not code:
                    continue
                for pattern, to in SWAPS:
                    for m in re.finditer(pattern, line):
                        yield f, n, m.start(), m.end(), m.expand(to) if "\\1" in to else to


def list_places(root, names):
    count = collections.Counter(str(f.relative_to(root)) for f, *_ in places(root, names))
    for name, n in sorted(count.items()):
        print(f"{n:5} {name}")
    print(f"{sum(count.values())} places")


def run(build):
    made = subprocess.run(["cmake", "--build", str(build), "-j2"], capture_output=True, check=False)
    if made.returncode:
        return None  # does not compile: no mutant
    return subprocess.run(["ctest", "--test-dir", str(build), "-L", "unit|vector|scenario", "-j2", "--stop-on-failure",
                           "--timeout", "20"], capture_output=True, check=False).returncode == 0


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--seconds", type=int, default=540)
    args.add_argument("--seed", type=int, default=1)
    args.add_argument("--list", action="store_true")
    args.add_argument("files", nargs="*", default=DEFAULT)
    args = args.parse_args()
    home = pathlib.Path(__file__).resolve().parent.parent
    if args.list:
        list_places(home, args.files)
        return
    root = home / "build" / "mutate"
    shutil.rmtree(root, ignore_errors=True)
    tracked = subprocess.run(["git", "ls-files"], cwd=home, capture_output=True, text=True, check=True).stdout.split("\n")
    for name in filter(None, tracked):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(home / name, root / name)
    build = root / "build"
    subprocess.run(["cmake", "-S", str(root), "-B", str(build), "-DHUB_WERROR=OFF", "-DCMAKE_BUILD_TYPE=Debug"],
                   capture_output=True, check=True)
    if run(build) is not True:
        sys.exit("the tests are not green without a mutant")
    every = list(places(root, args.files))
    random.Random(args.seed).shuffle(every)
    end, killed, alive = time.monotonic() + args.seconds, 0, []
    for f, n, a, b, to in every:
        if time.monotonic() > end:
            break
        text = f.read_text()
        lines = text.splitlines()
        lines[n] = lines[n][:a] + to + lines[n][b:]
        f.write_text("\n".join(lines) + "\n")
        survived = run(build)
        f.write_text(text)
        if survived is None:
            continue
        if survived:
            alive.append(f"{f.relative_to(root)}:{n + 1}: {lines[n].strip()}")
            print("survives", alive[-1], flush=True)
        else:
            killed += 1
    total = killed + len(alive)
    print(f"{total} of {len(every)} mutants tried, {killed} killed")
    tolerated = total and len(alive) * 10 <= total
    print(f"{killed} passed, {0 if tolerated else len(alive)} failed")
    sys.exit(0 if tolerated else 1)


if __name__ == "__main__":
    main()
