#!/bin/bash
# Line and branch coverage of the rules (gateway/core) by the tests that run without a kernel.
#     coverage.sh [FOLDER]      where to build; default build/coverage
# Fails below 100 % of the lines or 95 % of the branches.
#
# An assert fails on a bug of ours only, so its other branch counts for nothing. A line that cannot be
# reached says why beside its GCOVR_EXCL_LINE, a branch that cannot be taken beside its GCOVR_EXCL_BR_LINE;
# the report counts them.
set -u
cd "$(dirname "$0")/.." || exit 1
dir=${1:-build/coverage}
room=gateway/core

CC=gcc cmake -S . -B "$dir" -DCMAKE_BUILD_TYPE=RelWithDebInfo -DHUB_COVERAGE=ON >/dev/null &&
    cmake --build "$dir" -j"$(nproc)" >/dev/null || exit 1
find "$dir" -name '*.gcda' -delete
ctest --test-dir "$dir" -j"$(nproc)" -L '^(unit|vector|scenario)$' --no-tests=error >"$dir/ctest.log" || {
    tail -n 40 "$dir/ctest.log"
    exit 1
}
gcovr -r . "$dir/CMakeFiles/hub_pure.dir/$room" -f "$room/" --exclude-branches-by-pattern '.*\bassert\(.*' --csv >"$dir/coverage.csv" || exit 1
gcovr -r . "$dir/CMakeFiles/hub_pure.dir/$room" -f "$room/" --exclude-branches-by-pattern '.*\bassert\(.*' --json >"$dir/coverage.json" || exit 1

python3 - "$dir/coverage.json" "$room" <<'PY'
# Which lines and branches nobody took; the table comes after it.
import json, sys
for f in json.load(open(sys.argv[1]))["files"]:
    for line in f["lines"]:
        if line.get("gcovr/noncode") or line.get("gcovr/excluded"):
            continue
        missed = [b for b in line["branches"] if not b["count"]]
        if line["count"] == 0:
            print(f"{f['file']}:{line['line_number']}: never run")
        elif missed:
            print(f"{f['file']}:{line['line_number']}: {len(missed)} of {len(line['branches'])} branches never taken")
PY
echo "excluded with a reason: $(cat $room/*.[ch] | grep -c 'GCOVR_EXCL') places"
awk -F, -v room=$room '
    function percent(part, all) { return all ? sprintf("%.1f %%", int(part * 1000 / all) / 10) : "-" }
    NR > 1 {
        printf "%-34s lines %7s (%d of %d), branches %7s (%d of %d)\n", $1, percent($3, $2), $3, $2, percent($6, $5), $6, $5
        lines += $2; run += $3; branches += $5; taken += $6
    }
    END {
        printf "%s: lines %s, branches %s\n", room, percent(run, lines), percent(taken, branches)
        exit !(lines && run == lines && taken * 100 >= branches * 95)
    }' "$dir/coverage.csv"
