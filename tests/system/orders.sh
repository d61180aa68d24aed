#!/bin/bash
# Orders from outside, over Modbus TCP, over a serial line and over the control socket: what they
# do, who may give them, what becomes of the others. Needs root, to become others.
# Usage: orders.sh [BUILD]
set -u
. "$(dirname "$0")/lib.sh"
PORT=$(free_port)
SHUT=$(free_port)
OTHER=$(free_port)
SOCKET=$TMP/run/control.sock
chmod 755 "$TMP"
mkdir "$TMP/run"
socat "pty,raw,echo=0,link=$TMP/bus" "pty,raw,echo=0,link=$TMP/master" &
PIDS+=($!)
for _ in $(seq 50); do [ -e "$TMP/bus" ] && [ -e "$TMP/master" ] && break; sleep 0.1; done
ini() { # PORT: a configuration with its listener
    cat <<INI
[hub]
clusters = 2
[cluster.1]
link = sim
[cluster.2]
link = sim
[inverter.1]
link = sim
protocol = victron
[sim]
soc = 50
sun_w = 0
[limits]
setpoint_timeout_s = 6
rise_hold_s = 0
rise_percent_s = 100
[control]
socket = $SOCKET
group = bin
[modbus.tcp]
listen = 127.0.0.1:$1
write = yes
allow_write = 127.0.0.1 127.0.0.3
cluster_units = 11
INI
}
{
    ini "$PORT"
    printf '[modbus.tcp.2]\nlisten = 127.0.0.1:%s\n' "$SHUT"
    printf '[modbus.rtu]\ndevice = %s\nparity = none\nwrite = yes\n' "$TMP/bus"
} >"$TMP/hub.ini"
ini "$OTHER" >"$TMP/other.ini"

pdu() { python3 "$ROOT/tests/system/pdu.py" "$@"; }
# answers WANTED ARGUMENTS of pdu.py...
answers() {
    local wanted=$1 got
    shift
    got=$(pdu "$@" | tr '\n' ' ')
    [ "$got" = "$wanted " ] || { echo "$got, not $wanted"; return 1; }
}
at() { echo "127.0.0.1:$PORT"; }
order() { "$HUBGATE" "$@" -s "$SOCKET"; }
# refused CODE WORDS COMMAND...: it ends with the code, and says the words.
refused() {
    local code=$1 words=$2 rc
    shift 2
    "$@" >"$TMP/refused" 2>&1
    rc=$?
    cat "$TMP/refused"
    echo "exit code $rc"
    [ $rc = "$code" ] && grep -qF -- "$words" "$TMP/refused"
}
as() { # GROUP COMMAND...: as a user who is in this group besides its own
    local group=$1
    shift
    setpriv --reuid 12345 --regid 12345 --groups "$group" "$@"
}
logged() { grep -F -- "$1" "$TMP/log" || { tail -n 5 "$TMP/log"; return 1; }; }
times() { [ "$(grep -cF -- "$2" "$TMP/log")" = "$1" ] || { grep -cF -- "$2" "$TMP/log"; return 1; }; }
write_by() { mbpoll -1 -q -0 -t 4 -a 1 -r "$@"; }

ok "the gateway starts" gateway_start "$TMP/hub.ini"
ok "both clusters are joined" becomes 20 clusters_joined 2
ok "it may discharge" becomes 20 discharge_enable 1

# 0x07D1 is 2001, the discharge set-point in 0.1 A; 0x0071 is 113, the discharge limit; 0x0804 is
# 2052: the set-point as it stands, behind it the limit in force. 25.0 A are 0x00FA.
ok "a set-point is in force when it is answered" answers "0607d100fa 030200fa" "$(at)" 0607D100FA 0300710001
ok "function 23 reads what it has just written" answers "170400c800c8" "$(at)" 170804000207D100010200C8
ok "mbpoll writes a set-point" write_by 2001 -m tcp -p "$PORT" 127.0.0.1 300
ok "... which is in force" is discharge_current_limit 30
ok "... and says who it was" is command_dcl_owner 1
ok "... 127.0.0.1" answers 03047f000001 "$(at)" 0308060002
ok "a master on the serial line takes it over" write_by 2001 -m rtu -b 19200 -P none "$TMP/master" 280
ok "... says the register: 11" is command_dcl_owner 11
ok "... says the log" logged "taken over"
ok "it runs out after 6 s" becomes 12 command_dcl --
ok "... and says so" logged "ran out"
ok "... and the limit is that of the battery again" is discharge_enable 1
ok "the limit is above the set-point again" test "$(reg discharge_current_limit | cut -d. -f1)" -gt 30

ok "a register that can only be read: 02" answers 8602 "$(at)" 0600640001
ok "a gap between the commands: 02" answers 9002 "$(at)" 1007D30001020001
ok "a stop of 2: 03" answers 8603 "$(at)" 0607D80002
ok "a charge voltage no battery of this profile takes: 03" answers 8603 "$(at)" 0607D20FA0
ok "one of two words is bad: nothing is written" answers "9003 0302ffff" "$(at)" 1007D100020400C80FA0 0308040001
ok "a cluster's unit is read" answers 03020003 --unit 11 "$(at)" 0300640001
ok "... and not written: 01" answers 8601 --unit 11 "$(at)" 0607D80001
ok "who is not in allow_write: 01" answers "8601 03020001" --from 127.0.0.2 "$(at)" 0607D80001 0300640001
ok "where write is off: 01" answers 8601 "127.0.0.1:$SHUT" 0607D80001
ok "... and nothing happens" is hub_state 1
flood() {
    pdu --from 127.0.0.3 --times 40 "$(at)" 0607D100FA >"$TMP/flood"
    sort "$TMP/flood" | uniq -c
    [ "$(grep -c 0607d100fa "$TMP/flood")" -ge 20 ] && [ "$(grep -c 8606 "$TMP/flood")" -ge 10 ]
}
ok "a flood of writes: 06 after the first twenty" flood
ok "... told once" times 1 "Too many writes"
ok "another client can write" answers 0607d100fa "$(at)" 0607D100FA

ok "hubgate stop" order stop
ok "the hub is stopped" is hub_state 3
ok "... its limits are zero" is discharge_current_limit 0
ok "... by the control socket" is command_stop_owner 20
ok "hubgate release" order release
ok "the hub runs again" becomes 5 hub_state 1
ok "a stop over Modbus" answers 0607d80001 "$(at)" 0607D80001
ok "... stops" is hub_state 3
ok "... and is released at the machine, from a configuration file" "$HUBGATE" release -c "$TMP/hub.ini"
ok "hubgate exclude 2" order exclude 2
ok "cluster 2 is asked to leave" is write_exclude2 1
ok "hubgate include 2" order include 2
ok "cluster 2 may stay" is write_exclude2 0
ok "hubgate exclude 2 isolated" order exclude 2 isolated
ok "cluster 2 is out" becomes 3 cluster2_state 6
ok "hubgate include 2 again" order include 2
ok "hubgate force-charge" order force-charge
ok "a charge is asked for" is write_force_charge 1
ok "hubgate force-charge off" order force-charge off
ok "hubgate reset" order reset
ok "hubgate reset 2" order reset 2
ok "hubgate reset all" order reset all
ok "a cluster this hub has not" refused 1 "no cluster 4" order exclude 4
ok "a cluster no hub has" refused 64 "no such cluster" order reset 9
ok "an order there is not" refused 64 "no \"halt\"" order halt

ok "somebody else cannot" refused 69 "as a member of the [control] group" as 3 "$HUBGATE" stop -s "$SOCKET"
ok "a member of the group can" as 2 "$HUBGATE" release -s "$SOCKET"
chmod 666 "$SOCKET"
ok "somebody else is not allowed whatever the file says" refused 1 "user 12345 is not allowed" as 3 "$HUBGATE" stop -s "$SOCKET"
chmod 660 "$SOCKET"
ok "no socket there" refused 69 "is the gateway running" "$HUBGATE" stop -s "$TMP/nothing"
ok "a configuration without [control]" refused 1 "has no [control]" "$HUBGATE" stop -c "$ROOT/config/demo.ini"

# Another gateway with the same socket leaves the living one alone, and takes over from the dead.
"$HUBGATE" run -c "$TMP/other.ini" 2>"$TMP/other" &
PIDS+=($!)
for _ in $(seq 50); do grep -q "another process listens there" "$TMP/other" && break; sleep 0.1; done
ok "a living gateway keeps its socket" grep -F "control socket $SOCKET: another process listens there" "$TMP/other"
ok "... and answers there" order release
kill -TERM "${PIDS[-1]}"
wait "${PIDS[-1]}"
ok "the other one has left its socket alone" test -S "$SOCKET"
killed() { # as by the kernel: its socket file stays
    kill -KILL "$gateway"
    wait "$gateway" 2>/dev/null
    test -S "$SOCKET"
}
kill -STOP "$gateway"
ok "one that stands still" refused 69 "no answer in 3 s: the gateway stands still" order release
kill -CONT "$gateway"
ok "a dead gateway's socket stays" killed
ok "... where nobody listens" refused 69 "is not running" order stop
PORT=$OTHER
ok "the next gateway" gateway_start "$TMP/other.ini"
ok "... replaces it" order stop
ok "this one dies too" killed
chown 10001 "$TMP/run" # the next one is not root: it cannot know whether root's is dead
setpriv --reuid 10001 --regid 10001 --clear-groups "$HUBGATE" run -c "$TMP/other.ini" 2>"$TMP/log" &
gateway=$!
for _ in $(seq 100); do grep -q "hub: WAITING -> RUNNING" "$TMP/log" && break; sleep 0.1; done
ok "another user's socket is left alone" logged "control socket $SOCKET: belongs to another user"
rm "$SOCKET"
for _ in $(seq 60); do [ -S "$SOCKET" ] && break; sleep 0.1; done
ok "... and when it is gone the gateway opens its own" logged "control socket $SOCKET: open"
ok "... says that it cannot give it to the group" logged "cannot be given to the group bin"
ok "... obeys root" order stop
ok "... and its own user" setpriv --reuid 10001 --regid 10001 --clear-groups "$HUBGATE" release -s "$SOCKET"
ok "SIGTERM: exit 0" gateway_stop
ok "a gateway that leaves takes its socket with it" test ! -e "$SOCKET"
finish
