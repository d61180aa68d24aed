#!/bin/bash
# Clients nobody here wrote read the whole map: mbpoll over TCP and over an RTU pty, pymodbus over
# TCP in turn and all at once, over RTU, and RTU over TCP. Every block of registers.csv, every
# register; what the clients read is compared.
# /usr/bin/python3 is Debian's, the one that python3-pymodbus is for. Usage: clients.sh [BUILD]
set -u
. "$(dirname "$0")/lib.sh"
PORT=$(free_port)
RTU_PORT=$(free_port)
socat "pty,raw,echo=0,link=$TMP/bus" "pty,raw,echo=0,link=$TMP/client" &
PIDS+=($!)
for _ in $(seq 50); do [ -e "$TMP/bus" ] && [ -e "$TMP/client" ] && break; sleep 0.1; done
cat >"$TMP/hub.ini" <<INI
[hub]
clusters = 2
profile = generic-lfp-16s
[cluster.1]
link = replay:$CAPTURES/c7.log
modules = 2
[cluster.2]
link = replay:$CAPTURES/c9.log
modules = 1
[inverter.1]
link = sim
protocol = victron
[relay.1]
function = power
[relay.2]
function = soc_led1
[relay.8]
function = running
[modbus.tcp]
listen = 127.0.0.1:$PORT
write = yes
allow_write = 127.0.0.1
[modbus.tcp.2]
listen = 127.0.0.1:$RTU_PORT
framing = rtu
[modbus.rtu]
device = $TMP/bus
parity = none
unit = 1
write = yes
INI
ok "the gateway starts" gateway_start "$TMP/hub.ini"
# Two batteries that do not belong together: the join guard counts one of them, the map shows both.
ok "cluster 1 is read" becomes 8 cluster1_soc 67
ok "cluster 2 is read" becomes 8 cluster2_soc 20
for how in tcp rtu pymodbus pymodbus-async pymodbus-rtu pymodbus-rtu-over-tcp; do
    where="127.0.0.1:$PORT"
    case $how in rtu | pymodbus-rtu) where="rtu:$TMP/client" ;; *-over-tcp) where="127.0.0.1:$RTU_PORT" ;; esac
    ok "$how: every block, every register" /usr/bin/python3 "$ROOT/tests/system/whole_map.py" $how "$where" "$CSV" "$TMP/$how.txt"
    [ $how = tcp ] || ok "$how reads the same as tcp" /usr/bin/python3 "$ROOT/tests/system/whole_map.py" same "$TMP/tcp.txt" "$TMP/$how.txt" "$CSV"
done
# Relays 1, 2 and 8 are closed; 3 to 7 and the inputs are not configured and read 0.
bits() { # ARGUMENTS of mbpoll...: discrete inputs 0 to 23 in one read
    mbpoll -1 -q -0 -t 1 -r 0 -c 24 -a 1 "$@" | sed -n 's/^\[[0-9]*\]:[[:space:]]*//p' | tr -d '\n'
}
same() { [ "$1" = "$2" ] || { echo "$1, not $2"; return 1; }; }
ok "discrete inputs over TCP: relays 1, 2 and 8 closed" same "$(bits -m tcp -p "$PORT" 127.0.0.1)" 110000010000000000000000
ok "... over RTU" same "$(bits -m rtu -b 19200 -P none "$TMP/client")" 110000010000000000000000
refused() { ! mbpoll -1 -q -0 -t 4 -r "$1" -c 1 -m tcp -p "$PORT" -a 1 127.0.0.1; }
refused_bits() { ! mbpoll -1 -q -0 -t "$1" -r "$2" -c 1 -m tcp -p "$PORT" -a 1 127.0.0.1; }
ok "outside every block: refused" refused 9999
ok "a 25th discrete input: refused" refused_bits 1 24
ok "coils: refused" refused_bits 0 0
# A set-point of 10.0 A, written with FC 6 and read back where it shows its effect.
write() { mbpoll -1 -q -0 -a 1 -t 4 -r 2000 "$@"; }
ok "mbpoll writes a set-point over TCP" write -m tcp -p "$PORT" 127.0.0.1 100
ok "it is taken" is command_ccl 10
ok "its owner is the first listener" is command_ccl_owner 1
ok "mbpoll writes a set-point over RTU" write -m rtu -b 19200 -P none "$TMP/client" 120
ok "it is taken" is command_ccl 12
ok "its owner is the first line" is command_ccl_owner 11
ok "65535 takes it back" write -m tcp -p "$PORT" 127.0.0.1 65535
ok "and it is gone" is command_ccl --
ok "SIGTERM: exit 0" gateway_stop
finish
