#!/bin/bash
# What can.sh runs inside the guest: the link alone (can_probe), then the gateway between two
# batteries played by canplayer on vcan0 and vcan1 and an inverter heard by candump on vcan2.
# Usage: can_guest.sh BUILD all|probe
set -u
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
what=${2:-all}

# ---- the link alone -----------------------------------------------------------------------------

netem=/usr/lib/uml/modules/$(uname -r)/kernel/net/sched/sch_netem.ko
[ ! -e "$netem" ] || insmod "$netem"
"$BUILD/tests/can_probe" >"$TMP/probe" 2>&1
code=$?
cat "$TMP/probe"
passed=$((passed + $(grep -c '^ok ' "$TMP/probe")))
failed=$((failed + $(grep -c '^FAIL ' "$TMP/probe")))
ok "can_probe comes to its end (exit $code)" test "$code" = 0
[ "$what" = all ] || {
    finish
    exit
}

# ---- the gateway --------------------------------------------------------------------------------

PORT=1502

# play INTERFACE LOG: a battery, one pass a second, as long as the interface lets it.
play() {
    while :; do
        canplayer -I "$2" "$1=can0" >/dev/null 2>&1
        sleep 1
    done &
    PIDS+=($!)
}

# The inverter's ear; anew after vcan2 was down.
listen() {
    candump -L -r 33554432 vcan2,351:7FF >>"$TMP/inverter" 2>/dev/null &
    ear=$!
    PIDS+=("$ear")
}

last() { tail -n 1 "$TMP/inverter" | cut -d' ' -f3; }

# hears SECONDS GLOB: within so many seconds the newest 0x351 looks so.
hears() {
    local end=$((SECONDS + $1))
    while [ $SECONDS -le $end ]; do
        # shellcheck disable=SC2053 # a pattern
        [[ $(last) == $2 ]] && return 0
        sleep 0.2
    done
    echo "heard $(last), not $2"
    return 1
}

# The longest time between two frames to the inverter, in ms.
longest_gap() {
    tr -d '()' <"$TMP/inverter" | awk 'NR > 1 && $1 - t > max { max = $1 - t } { t = $1 } END { printf "%d\n", max * 1000 }'
}

# told TEXT: the log has it, once.
told() {
    local n
    n=$(grep -c -F -- "$1" "$TMP/log")
    [ "$n" = 1 ] || { echo "$n times in the log: $1"; cat "$TMP/log"; return 1; }
}

cat >"$TMP/hub.ini" <<INI
[hub]
clusters = 2
profile = generic-lfp-16s
[cluster.1]
link = vcan0
modules = 6
[cluster.2]
link = vcan1
modules = 4
[inverter.1]
link = vcan2
protocol = VICTRONCAN
[modbus.tcp]
listen = 127.0.0.1:$PORT
INI

ip link del vcan0 # the adapter of cluster 1 is plugged in late
: >"$TMP/inverter"
listen
ok "the gateway starts without vcan0" gateway_start "$TMP/hub.ini"
ok "... and says so once" told "vcan0: no such interface; is the adapter plugged in?"
ok "nothing known: the inverter hears zero currents" hears 5 "351#????00000000*"
ip link add vcan0 type vcan
ip link set vcan0 up
play vcan0 "$CAPTURES/c2.log"
play vcan1 "$CAPTURES/c5.log"
ok "both batteries join" becomes 12 hub_state 1
ok "current -27.0 - 34.3 = -61.3 A, read by mbpoll" is current -61.3
# c2: 6 modules, 480 A both ways; c5: 4 modules, 59.2 A and 148 A. By capacity 59.2 / 0.4 = 148.0 A
# = 1480 = 0x05C8 and 148 / 0.4 = 370.0 A = 3700 = 0x0E74. CVL of both 53.2 V = 532 = 0x0214.
ok "the inverter hears 53.2 V, 148.0 A, 370.0 A once they have risen" hears 40 "351#1402C805740E*"

# Zero limits in frames that are none of the battery's: 29 bits with the same low bits, a remote
# request. Believed, they would take the limits to zero at once.
for _ in 1 2 3 4 5; do
    cansend vcan0 00000351#0000000000000000
    cansend vcan0 1ABCD351#0000000000000000
    cansend vcan0 351#R8
    sleep 0.2
done
ok "extended and remote 351 change nothing" is charge_current_limit 148
ok "... nor for the inverter" hears 2 "351#1402C805740E*"

cangen vcan1 -I 123 -L 8 -g 1 -n 3000 -p 10 2>/dev/null # somebody else's traffic
ok "3000 foreign frames change nothing" is charge_current_limit 148
ok "... and none was lost or late: cluster 2 is joined" is cluster2_state 3
gap=$(longest_gap)
ok "the inverter never waited longer than 1.5 s ($gap ms)" test "$gap" -lt 1500

remedies() { grep -c -F "run: ip link set vcan0 up" "$TMP/log"; }
before=$(remedies) # one more when it was seen between its adding and its coming up
ip link set vcan0 down
ok "vcan0 down: out of the sums" becomes 6 current -34.3
ok "... told once, with the remedy" test $(($(remedies) - before)) = 1
ok "... limits of the other alone" hears 4 "351#14025002C805*"
ip link set vcan0 up
ok "vcan0 up: joined again" becomes 45 hub_state 1
ok "... and both limits are back" hears 60 "351#1402C805740E*"

ip link del vcan0
ok "vcan0 pulled: out of the sums" becomes 6 current -34.3
ip link add vcan0 type vcan
ip link set vcan0 up
ok "vcan0 plugged: joined again" becomes 45 hub_state 1
ok "... and both limits are back" hears 60 "351#1402C805740E*"

ip link set vcan2 down
sleep 3
kill $ear 2>/dev/null
: >"$TMP/inverter"
ip link set vcan2 up
listen
ok "the inverter's bus was down: its frames are back" hears 5 "351#1402????????*"
ok "SIGTERM: exit 0" gateway_stop
ok "... the last word is zero currents" hears 1 "351#140200000000*"
finish
