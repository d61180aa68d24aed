#!/bin/bash
# What takes long, in parts of at most ten minutes: long.sh PART...
#     fuzz [TARGET...]   each target in turn, FUZZ_SECONDS (540) in all
#     mutate [FILE...]   breaks the code on purpose and counts what no test notices
#     bench              the Modbus server against the least a server can do; table in build/bench.md
#     abuse              tests/system/abuse.py with 3 s for each abuse, three rounds
#     edges              takes out each state edge: does the story named beside it notice?
# Each part closes with "N passed, M failed".
set -u
cd "$(dirname "$0")/.." || exit 1

fuzz() {
    local names=("$@") name seconds
    CC=clang cmake -S . -B build/fuzz -DHUB_FUZZ=ON -DHUB_SANITIZE=ON >/dev/null && cmake --build build/fuzz -j2 >/dev/null || return 1
    if [ ${#names[@]} = 0 ]; then
        for t in tests/fuzz/fuzz_*.c; do
            name=$(basename "$t" .c)
            names+=("${name#fuzz_}")
        done
    fi
    seconds=$((${FUZZ_SECONDS:-540} / ${#names[@]}))
    for name in "${names[@]}"; do
        mkdir -p "build/fuzz/new/$name"
        echo "== $name, $seconds s"
        "build/fuzz/tests/fuzz_$name" -max_total_time=$seconds -max_len=4096 -print_final_stats=1 \
            -artifact_prefix="build/fuzz/$name-" "build/fuzz/new/$name" "tests/fuzz/corpus/$name" 2>&1 |
            grep -E 'ERROR|SUMMARY|stat::number|cov:' | tail -n 3
        [ "${PIPESTATUS[0]}" = 0 ] || { echo "0 passed, 1 failed"; return 1; }
    done
    echo "${#names[@]} passed, 0 failed"
}

release() {
    if ! { CC=gcc cmake -S . -B build && cmake --build build -j2; } >build/bench.log 2>&1; then
        tail -n 20 build/bench.log
        return 1
    fi
}
bench() { release && python3 tests/bench/grid.py --build build "$@"; }
abuse() { release && python3 tests/system/abuse.py build --seconds 3 --rounds 3 "$@"; }

case ${1-} in
fuzz) fuzz "${@:2}" ;;
mutate) python3 tests/mutate.py "${@:2}" ;;
bench) bench "${@:2}" ;;
abuse) abuse "${@:2}" ;;
edges) python3 tests/mutate.py --edges ;;
*) sed -n '2,8p' "$0"; exit 64 ;;
esac
