#!/bin/bash
# Installs what is missing, builds with gcc and with clang, and runs every test. Under 25 minutes.
#
#     tests/run.sh              everything
#     tests/run.sh --quick      build and ctest with gcc only: for the minute between two edits
#     tests/run.sh --coverage   line and branch coverage of gateway/core
#     tests/run.sh --long PART  hours: fuzz, bench, arm64 ... in parts of at most ten minutes
#
# Logs are under build/log. The last line says how many checks passed and failed.
set -u
cd "$(dirname "$0")/.." || exit 1
LOG=$PWD/build/log
passed=0 failed=0
export CTEST_OUTPUT_ON_FAILURE=1 CLICOLOR=0

# stage NAME WHAT COMMAND...: one check; its output goes to build/log/NAME.log. A command that closes
# with "N passed, M failed" is counted by that line, any other as one.
stage() {
    local name=$1 what=$2 start=$SECONDS rc line
    shift 2
    mkdir -p "$LOG"
    "$@" >"$LOG/$name.log" 2>&1
    rc=$?
    line=$(tail -n 1 "$LOG/$name.log" | grep -E '^[0-9]+ passed, [0-9]+ failed$' || true)
    if [ -n "$line" ]; then
        passed=$((passed + ${line%% *}))
        line=${line#* passed, }
        failed=$((failed + ${line%% *}))
        [ $rc -ne 0 ] && [ "${line%% *}" = 0 ] && failed=$((failed + 1))
    elif [ $rc -eq 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
    fi
    printf '%-4s %-46s %4d s  %s\n' "$([ $rc -eq 0 ] && echo ok || echo FAIL)" "$what" $((SECONDS - start)) \
        "$(tail -n 1 "$LOG/$name.log" | grep -E 'passed|tests|replayed|branches' || true)"
    [ $rc -eq 0 ] || tail -n 60 "$LOG/$name.log" | sed 's/^/     | /'
    return $rc
}

# build FOLDER COMPILER OPTIONS...
build() {
    local dir=$1 cc=$2
    shift 2
    CC=$cc cmake -S . -B "$dir" "$@" && cmake --build "$dir" -j"$(nproc)"
}

# run_ctest FOLDER: all of them; closes with a countable line, and how many cases cmocka ran.
run_ctest() {
    local rc total bad cases lived
    ctest --test-dir "$1" -j"$(nproc)" --no-tests=error
    rc=$?
    # ctest writes its log anew whenever it is asked something
    lived=$(sed -n 's/^steps \([0-9]*\), \([0-9]*\) steps.s, 0 violations$/\1 \2/p' "$1/Testing/Temporary/LastTest.log" |
        awk '{n += $1; s += $2} END {printf "property steps: %d, %d steps/s each", n, NR ? s / NR : 0}')
    ctest --test-dir "$1" --print-labels >/dev/null
    for label in unit vector scenario conformance fuzz property house; do
        echo "$label: $(ctest --test-dir "$1" -N -L "^$label\$" | sed -n 's/^Total Tests: //p')"
    done
    cases=$(for t in "$1"/tests/test_*; do [ -x "$t" ] && [ -f "$t" ] && "$t" 2>&1 | sed -n 's/.* \([0-9]*\) test(s) run\..*/\1/p'; done |
        awk '{n += $1} END {print n + 0}')
    echo "cmocka cases: $cases"
    echo "$lived"
    total=$(ctest --test-dir "$1" -N | sed -n 's/^Total Tests: //p')
    bad=$(wc -l <"$1/Testing/Temporary/LastTestsFailed.log" 2>/dev/null || echo 0)
    [ $rc -eq 0 ] && bad=0
    echo "$((total - bad)) passed, $bad failed"
    return $rc
}

analyze() { build build/analyze gcc -DHUB_ANALYZE=ON -DHUB_TESTS=OFF; }
check_cpp() {
    cppcheck --quiet --error-exitcode=1 --inline-suppr --enable=warning,portability,performance \
        --suppress=missingIncludeSystem --suppress=normalCheckLevelMaxBranches --std=c11 -D_GNU_SOURCE \
        -Igateway -Iregisters -Iconfig -j"$(nproc)" gateway registers config
}
check_format() {
    local files
    files=$(git ls-files '*.c' '*.h') && [ -n "$files" ] || return 1
    # shellcheck disable=SC2086 # a list of names without blanks
    clang-format --dry-run -Werror $files
}
check_shell() {
    local files
    files=$(git ls-files '*.sh' .ci/run) && [ -n "$files" ] || return 1
    # shellcheck disable=SC2086 # a list of names without blanks
    shellcheck -x -P tests/system -e SC1091 $files
}
# Each fuzz target for a few seconds from its kept corpus: 60 s in all.
fuzz() {
    local n=0 t name seconds
    build build/fuzz clang -DHUB_FUZZ=ON -DHUB_SANITIZE=ON || return 1
    for t in build/fuzz/tests/fuzz_*; do [ -f "$t" ] && [ -x "$t" ] && n=$((n + 1)); done
    [ $n -gt 0 ] || return 1
    seconds=$((${FUZZ_SECONDS:-60} / n))
    for t in build/fuzz/tests/fuzz_*; do
        if [ ! -f "$t" ] || [ ! -x "$t" ]; then continue; fi
        name=$(basename "$t" | sed 's/^fuzz_//')
        mkdir -p "build/fuzz/new/$name"
        "$t" -max_total_time=$seconds -max_len=4096 -rss_limit_mb=2048 -print_final_stats=1 \
            -artifact_prefix="build/fuzz/$name-" "build/fuzz/new/$name" "tests/fuzz/corpus/$name" || return 1
    done
    echo "$n passed, 0 failed"
}

# The README's demo, once, from the build that is there.
demo() { gateway/demo.sh --once; }

everything() {
    stage install "what building and testing needs" tests/install.sh build test guest image || return
    stage gcc "build with gcc" build build gcc || return
    stage ctest "tests, gcc" run_ctest build
    stage clang "build with clang" build build/clang clang
    stage ctest-clang "tests, clang" run_ctest build/clang
    stage coverage "coverage of gateway/core" tests/coverage.sh
    stage asan "build with ASan and UBSan" build build/asan gcc -DHUB_SANITIZE=ON
    stage ctest-asan "tests under ASan and UBSan" run_ctest build/asan
    stage tsan "build with TSan" build build/tsan gcc -DHUB_TSAN=ON
    stage threads "the published image under TSan" build/tsan/tests/test_triple
    stage desk "the order desk under TSan" build/tsan/tests/test_desk
    stage flip "a changing value over Modbus under TSan" build/tsan/tests/test_flip
    stage contacts "relays and inputs under TSan" build/tsan/tests/test_gpio
    stage analyze "gcc -fanalyzer" analyze
    stage cppcheck "cppcheck" check_cpp
    stage format "clang-format" check_format
    stage shellcheck "shellcheck" check_shell
    stage fuzz "fuzz targets, 60 s in all" fuzz
    stage conformance "Modbus conformance, sockets and ptys" python3 tests/system/conformance.py build
    stage load "the load generator sees what is wrong" python3 tests/bench/load_test.py build
    stage rtu "a serial line in trouble, over ptys" python3 tests/system/rtu_line.py build
    stage clients "clients of others read the whole map" tests/system/clients.sh build
    stage shows "the main job on captured frames" tests/system/shows.sh build
    stage orders "orders over Modbus and the control socket" tests/system/orders.sh build
    stage trouble "bad wiring, bad input" tests/system/trouble.sh build
    stage abuse "Modbus clients that abuse the gateway" python3 tests/system/abuse.py build
    stage demo "gateway/demo.sh --once" demo
    stage can "real SocketCAN in a guest kernel" tests/system/can.sh build
    stage image "container image, demo service" tests/system/image.sh
}

case ${1-} in
--quick)
    stage install "what building needs" tests/install.sh build && stage gcc "build with gcc" build build gcc && stage ctest "tests, gcc" run_ctest build
    ;;
--coverage)
    stage install "what building and testing needs" tests/install.sh build test && stage coverage "coverage of gateway/core" tests/coverage.sh
    [ -e "$LOG/coverage.log" ] && cat "$LOG/coverage.log"
    [ $failed -eq 0 ] && [ $passed -gt 0 ]
    exit
    ;;
--long)
    exec tests/long.sh "${@:2}"
    ;;
'')
    everything
    ;;
*)
    sed -n '2,10p' "$0"
    exit 64
    ;;
esac
for label in unit vector scenario conformance fuzz property house; do
    [ -e "$LOG/ctest.log" ] && grep -E "^$label: " "$LOG/ctest.log"
done
tail -qn 1 "$LOG/coverage.log" 2>/dev/null
grep -hE "cmocka cases|property steps" "$LOG/ctest.log" 2>/dev/null
echo "$passed passed, $failed failed"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
