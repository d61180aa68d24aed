#!/bin/bash
# A battery room without batteries: builds the gateway, runs it with config/demo.ini (two
# simulated clusters, an inverter, a sun) and shows what it makes of them.
#     gateway/demo.sh           a live status until Ctrl-C
#     gateway/demo.sh --once    waits until current flows, shows it once, checks the sum; exit 0 or 1
# The gateway's log is in build/demo.log. It is stopped at the end, whatever the end is.
set -eu
cd "$(dirname "$0")/.."
port=1502
patience_s=40

case ${1-} in
'' | --once) ;;
*) sed -n '2,6s/^# //p' "$0" >&2; exit 2 ;;
esac

# Words of the register map over Modbus TCP, one a line: words ADDRESS COUNT. Nothing but bash
# and coreutils, so that it also is a second opinion on our own tools.
words() {
    exec 3<>"/dev/tcp/127.0.0.1/$port" || return
    # transaction 1, protocol 0, 6 bytes; unit 1, function 3
    # shellcheck disable=SC2059 # the bytes are the format
    printf "$(printf '\\x%02x' 0 1 0 0 0 6 1 3 $(($1 >> 8)) $(($1 & 255)) 0 "$2")" >&3
    timeout 2 head -c $((9 + 2 * $2)) <&3 | tail -c +10 | od -An -v -w2 --endian=big -tu2 | tr -d ' '
    exec 3<&-
}
signed() { echo $(($1 > 32767 ? $1 - 65536 : $1)); }

if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
    echo "demo: something else already listens on 127.0.0.1:$port; stop it first" >&2
    exit 1
fi

tests/install.sh build
mkdir -p build
echo "building (log: build/demo-build.log) ..."
{ cmake -S . -B build && cmake --build build -j"$(nproc)" --target hubgate; } \
    >build/demo-build.log 2>&1 || {
    tail -n 30 build/demo-build.log >&2
    exit 1
}

build/hubgate run -c config/demo.ini >build/demo.log 2>&1 &
gateway=$! started=$SECONDS watch=
trap 'kill "$gateway" $watch 2>/dev/null; wait "$gateway" 2>/dev/null || true' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Until it answers; it may also have refused to start.
for _ in $(seq 50); do
    kill -0 "$gateway" 2>/dev/null || {
        echo "demo: the gateway ended:" >&2
        tail -n 20 build/demo.log >&2
        exit 1
    }
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then break; fi
    sleep 0.1
done

cat <<TEXT
The gateway runs. Modbus TCP: 127.0.0.1:$port, unit 1, hot block at address 100. For example
SOC (104) in 0.1 %, its health, and voltage (106) in 0.01 V:
    mbpoll -m tcp -p $port -a 1 -0 -r 104 -c 3 -1 127.0.0.1
The limits stay at zero until both clusters are known and 10 s have passed without a new cause.
TEXT

if [ "${1-}" != --once ]; then
    build/hubgate status --watch &
    watch=$!
    wait "$watch" # in the foreground it would hold back the traps
    exit
fi

# Hot block: 109 current in 0.1 A, 112 and 113 the limits in 0.1 A (65535: not known).
current_flows() {
    local hot amps
    mapfile -t hot < <(words 109 5)
    [ ${#hot[@]} = 5 ] && [ "${hot[0]}" != 32768 ] || return
    amps=$(signed "${hot[0]}")
    [ "${hot[3]}" -gt 0 ] && [ "${hot[3]}" != 65535 ] && [ "${hot[4]}" -gt 0 ] &&
        [ "${hot[4]}" != 65535 ] && [ "${amps#-}" -ge 10 ]
}
until current_flows; do
    if [ $SECONDS -gt $((started + patience_s)) ]; then
        echo "demo: after $patience_s s no limits or no current; the log ends:" >&2
        build/hubgate status >&2 || true
        tail -n 20 build/demo.log >&2
        exit 1
    fi
    sleep 0.5
done
build/hubgate status

# Clusters at 10009 and 14009. Three answers come from three instants: believe a set only when
# the hub's current is the same before and after. Each cluster may be rounded by 0.1 A.
for _ in $(seq 20); do
    before=$(signed "$(words 109 1)")
    first=$(signed "$(words 10009 1)") second=$(signed "$(words 14009 1)")
    after=$(signed "$(words 109 1)")
    off=$((first + second - before))
    if [ "$before" = "$after" ]; then
        echo "cluster 1 $first + cluster 2 $second = $((first + second)), hub $before (0.1 A)"
        [ "${off#-}" -le 2 ] && exit 0
    fi
    sleep 0.2
done
echo "demo: the currents of the clusters do not add up to the hub's" >&2
exit 1
