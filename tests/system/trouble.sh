#!/bin/bash
# The worst day: bad wiring, bad files, bad frames, bad neighbours. The process runs, says so, and
# serves the rest. Usage: trouble.sh [BUILD]
# shellcheck disable=SC2317
set -u
. "$(dirname "$0")/lib.sh"
PORT=$(free_port)
TCP="[modbus.tcp]
listen = 127.0.0.1:$PORT"

refused() { # FILE TEXT: check refuses it with exit 78 and this text, and run does too
    local out rc
    out=$("$HUBGATE" check "$1" 2>&1)
    rc=$?
    echo "$out"
    [ $rc = 78 ] && grep -qF -e "$2" <<<"$out" && { "$HUBGATE" run -c "$1" 2>/dev/null; [ $? = 78 ]; }
}
logged() { grep -qF -e "$1" "$TMP/log"; }
logs() {
    local end=$((SECONDS + $1))
    while [ $SECONDS -le $end ]; do
        logged "$2" && return 0
        sleep 0.2
    done
    cat "$TMP/log"
    return 1
}
alive() { kill -0 "$gateway"; }

# ---- files ----
printf '[hub]\nclusters = 9\nmodules = 5 # amps\n[cluster.1]\nlink = can0\nlink = can1\n[nonsense]\n' >"$TMP/bad.ini"
ok "file: a number outside its range, with its line" refused "$TMP/bad.ini" "$TMP/bad.ini:2: [hub] clusters"
ok "file: all mistakes at once: trailing text" refused "$TMP/bad.ini" "$TMP/bad.ini:3:"
ok "file: ... a duplicate" refused "$TMP/bad.ini" "$TMP/bad.ini:6:"
ok "file: ... an unknown section" refused "$TMP/bad.ini" "$TMP/bad.ini:7:"
ok "file: missing" refused "$TMP/no-such.ini" "no-such.ini"
ok "file: a folder" refused "$TMP" "$TMP"
: >"$TMP/empty.ini"
ok "file: empty" refused "$TMP/empty.ini" "empty.ini"
printf '\377\376[\000h\000u\000b\000]\000\n\000' >"$TMP/utf16.ini"
ok "file: UTF-16" refused "$TMP/utf16.ini" "utf16.ini"
printf '[hub]\nclusters = 1\n  modules = 3\n[cluster.1]\nlink = can0\n' >"$TMP/indent.ini"
ok "file: an indented line" refused "$TMP/indent.ini" ":3:"
PROFILES=$ROOT/config/profiles
printf '[hub]\nprofile = file:battery.ini\n[cluster.1]\nlink = sim\n[modbus.tcp]\n' >"$TMP/own.ini"
ok "profile: missing, told at the line that names it" refused "$TMP/own.ini" "$TMP/own.ini:2: [hub] profile: $TMP/battery.ini"
for p in "$PROFILES"/*.ini; do
    cp "$p" "$TMP/battery.ini"
    ok "profile: a copy of ${p##*/} is good" "$HUBGATE" check "$TMP/own.ini"
done
sed 's/^modules_3 .*/modules_3 = 206 372 446 528/' "$PROFILES/weco-4k4-pro.ini" >"$TMP/battery.ini"
bad=$(grep -n '^modules_3' "$TMP/battery.ini")
ok "profile: a missing cell of the table, with its line" refused "$TMP/own.ini" "$TMP/battery.ini:${bad%%:*}: [allowance] modules_3"
usage() { "$HUBGATE" "$@" >/dev/null 2>&1; [ $? = 64 ]; }
ok "usage: no subcommand is exit 64" usage
ok "usage: an unknown one too" usage frobnicate
ok "usage: run without a file too" usage run
ok "status: nobody there is exit 69" sh -c "\"$HUBGATE\" status 127.0.0.1:1 >/dev/null 2>&1; test \$? = 69"

# ---- wiring: no CAN interface, no serial device, a port that is taken ----
cp "$PROFILES/generic-lfp-16s.ini" "$TMP/battery.ini"
cat >"$TMP/hub.ini" <<INI
[hub]
clusters = 2
profile = file:battery.ini
[cluster.1]
link = nocan7
[cluster.2]
link = unix:$TMP/c2
modules = 4
[inverter.1]
link = nocan8
protocol = victron
$TCP
[modbus.rtu]
device = $TMP/no-such-tty
[limits]
start_wait_s = 1
INI
ok "wiring: runs without its CAN interfaces and its serial line" gateway_start "$TMP/hub.ini"
ok "wiring: says which interface is missing" logs 3 "nocan7"
ok "wiring: says which inverter interface is missing" logs 3 "nocan8"
ok "wiring: says which serial device is missing" logs 3 "no-such-tty"
ok "wiring: serves the rest: no values yet" is soc --
ok "wiring: cluster 1 ABSENT" is cluster1_state 0
ok "wiring: link of cluster 1 CLOSED" is cluster1_link_state 0
python3 "$ROOT/tests/system/canbus.py" play "$TMP/c2" "$CAPTURES/c5.log" &
c2=$!
PIDS+=("$c2")
ok "wiring: the other cluster counts, DEGRADED" becomes 8 hub_state 2
ok "wiring: its SOC is there" is soc 95
ok "wiring: DCL of the one that is there" becomes 14 discharge_current_limit 148
"$HUBGATE" run -c "$TMP/hub.ini" 2>"$TMP/log2" &
second=$!
PIDS+=("$second")
sleep 1.5
ok "wiring: a second gateway on the same port says so and goes on" sh -c "kill -0 $second && grep -q '127.0.0.1:$PORT' '$TMP/log2'"
kill -9 $second 2>/dev/null

# ---- reload ----
sed "s/start_wait_s = 1/start_wait_s = 1\ndischarge_current_max = 50/" "$TMP/hub.ini" >"$TMP/next.ini"
cp "$TMP/next.ini" "$TMP/hub.ini"
kill -HUP "$gateway"
ok "reload: a live option is taken over" becomes 3 discharge_current_limit 50
printf 'rubbish\n' >>"$TMP/hub.ini"
kill -HUP "$gateway"
ok "reload: a bad file is refused" logs 3 "the running configuration stays"
ok "reload: ... and changes nothing" is discharge_current_limit 50
sed "s/modules = 4/modules = 8/" "$TMP/next.ini" >"$TMP/hub.ini"
kill -HUP "$gateway"
ok "reload: a restart option is refused by name" logs 3 "needs a restart"
ok "reload: ... and changes nothing" is cluster2_modules_active 4
cp "$TMP/next.ini" "$TMP/hub.ini"
sed -i 's/^charge_current .*/charge_current = 40/' "$TMP/battery.ini"
kill -HUP "$gateway"
ok "reload: so is an edited battery profile" logs 3 "[hub] profile needs a restart"

# ---- frames ----
python3 - "$TMP/c2" <<'PY' &
import socket, struct, sys, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.connect(sys.argv[1])
s.setblocking(True)
end = time.monotonic() + 4
n = 0
while time.monotonic() < end:
    for i in range(50):
        n += 1
        s.send(struct.pack("=IB3x8s", n % 0x300, 8, bytes(8)))             # ids nobody knows
    s.send(struct.pack("=IB3x8s", 0x359, 2, bytes(8)))                     # too short
    s.send(struct.pack("=IB3x8s", 0x80000351, 8, b"\x14\x02" + bytes(6)))  # 29 bits with our low bits
    s.send(struct.pack("=IB3x8s", 0x355, 8, b"\xf4\x01\x64" + bytes(5)))   # SOC 500 %
    s.send(b"short")                                                       # no frame at all
    time.sleep(0.01)
PY
flood=$!
sleep 3
ok "frames: a flood of strangers and garbage changes nothing" is soc 95
ok "frames: ... nor the limits" is discharge_current_limit 50
ok "frames: unknown ids are counted" test "$(reg cluster2_frames_unknown)" -gt 1000
ok "frames: impossible ones are rejected and counted" test "$(reg cluster2_frames_rejected)" -gt 50
wait $flood
ok "frames: the cluster stays JOINED" is cluster2_state 3
python3 - "$TMP/c2" <<'PY'
import socket, struct, sys, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.connect(sys.argv[1])
for i in range(20):  # limits that cannot be, again and again: CCL -0.2 A
    s.send(struct.pack("=IB3x8s", 0x351, 8, bytes.fromhex("1402FEFFC805C201")))
    time.sleep(0.01)
PY
ok "frames: a limit that cannot be, said again and again, is zero" becomes 1 discharge_current_limit 0
ok "frames: ... and comes back with the next good word, after 10 s" becomes 14 discharge_current_limit 50

# ---- the process ----
kill -STOP $c2
ok "silence: zero limits" becomes 6 discharge_current_limit 0
ok "silence: STOPPED" is hub_state 3
kill -CONT $c2
ok "SIGTERM: exit 0 within 5 s" gateway_stop
ok "starts with standard descriptors closed" sh -c "exec 0<&- 1>&- 2>&-; \"$HUBGATE\" run -c '$TMP/next.ini' & echo \$! >'$TMP/pid'"
gateway=$(cat "$TMP/pid")
ok "... and serves" becomes 5 hub_state 2
kill -TERM "$gateway"
for _ in $(seq 50); do kill -0 "$gateway" 2>/dev/null || break; sleep 0.1; done
ok "... and stops" sh -c "! kill -0 $gateway 2>/dev/null"
gateway=
mkfifo "$TMP/deaf"
(exec 3<"$TMP/deaf"; sleep 60) &
PIDS+=($!)
sed 's/\[limits\]/[log]\nlevel = debug\n[limits]/' "$TMP/next.ini" >"$TMP/hub.ini"
"$HUBGATE" run -c "$TMP/hub.ini" 2>"$TMP/deaf" &
gateway=$!
ok "a log nobody reads: runs" becomes 6 hub_state 2
ok "SIGTERM: exit 0" gateway_stop
finish
