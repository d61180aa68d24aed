# What the system tests share. Source it: . "$(dirname "$0")/lib.sh"
# shellcheck shell=bash disable=SC2034
# Needs: BUILD (the build folder with hubgate). Gives: ROOT, TMP (removed at the end), ok, reg, and
# a closing line "N passed, M failed" from finish.
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BUILD=$(realpath "${1:-$ROOT/build}")
HUBGATE=$BUILD/hubgate
CSV=$ROOT/registers/generated/registers.csv
CAPTURES=$ROOT/tests/captures
TMP=$(mktemp -d)
passed=0 failed=0 gateway=
PIDS=()

cleanup() {
    for p in "${PIDS[@]}" $gateway; do kill "$p" 2>/dev/null; done
    wait 2>/dev/null
    rm -rf "$TMP"
}
trap cleanup EXIT

# ok WHAT COMMAND...: runs the command quietly; its success is the check.
ok() {
    local what=$1
    shift
    if "$@" >"$TMP/out" 2>&1; then
        passed=$((passed + 1))
        echo "ok   $what"
    else
        failed=$((failed + 1))
        echo "FAIL $what"
        sed 's/^/     | /' "$TMP/out" | head -20
    fi
}

# A free TCP port on loopback.
free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# gateway_start INI: starts hubgate in the background, waits until it answers on $PORT.
gateway_start() {
    "$HUBGATE" run -c "$1" 2>"$TMP/log" &
    gateway=$!
    local i
    for i in $(seq 100); do
        python3 -c "import socket; socket.create_connection(('127.0.0.1', $PORT), 0.2)" 2>/dev/null && return 0
        kill -0 "$gateway" 2>/dev/null || break
        sleep 0.1
    done
    echo "the gateway did not come up:"
    cat "$TMP/log"
    return 1
}

gateway_stop() {
    kill -TERM "$gateway" 2>/dev/null
    wait "$gateway"
    local rc=$?
    gateway=
    return $rc
}

# reg NAME...: values by name over TCP, one a line.
reg() { python3 "$ROOT/tests/system/reg.py" "$CSV" "127.0.0.1:$PORT" "$@"; }

# is NAME VALUE: a register reads so.
is() {
    local got
    got=$(reg "$1") || { echo "$got"; return 1; }
    [ "$got" = "$2" ] || { echo "$1 is $got, not $2"; return 1; }
}

# becomes SECONDS NAME VALUE: within so many seconds it reads so.
becomes() {
    local end=$((SECONDS + $1))
    while [ $SECONDS -le $end ]; do
        is "$2" "$3" >"$TMP/becomes" && return 0
        sleep 0.2
    done
    cat "$TMP/becomes"
    return 1
}

finish() {
    echo "$passed passed, $failed failed"
    [ "$failed" = 0 ] && [ "$passed" -gt 0 ]
}
