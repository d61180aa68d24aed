#!/bin/bash
# The main job on frames of real devices: batteries on Unix-socket buses, the inverter on another,
# registers read by mbpoll. Expected numbers are worked out in the comments.
# Usage: shows.sh [BUILD]
set -u
. "$(dirname "$0")/lib.sh"
PORT=$(free_port)

# play N LOG: a battery on cluster N; its process id in $player.
play() {
    python3 "$ROOT/tests/system/canbus.py" play "$TMP/c$1" "$2" &
    player=$!
    PIDS+=("$player")
}

# last ID: the newest frame of that id the inverter heard.
last() { grep " $1#" "$TMP/inverter" | tail -1 | cut -d' ' -f2; }
heard() { [ "$(last "${1%%#*}")" = "$1" ] || { echo "heard $(last "${1%%#*}"), not $1"; return 1; }; }
hears() {
    local end=$((SECONDS + $1))
    while [ $SECONDS -le $end ]; do
        heard "$2" >"$TMP/hears" && return 0
        sleep 0.2
    done
    cat "$TMP/hears"
    return 1
}

two_clusters() {
    cat >"$TMP/hub.ini" <<INI
[hub]
clusters = 2
profile = generic-lfp-16s
[cluster.1]
link = unix:$TMP/c1
modules = 6
[cluster.2]
link = unix:$TMP/c2
modules = 4
[inverter.1]
link = unix:$TMP/i1
protocol = VICTRONCAN
[modbus.tcp]
listen = 127.0.0.1:$PORT
INI
}

# explains TEXT ARGS...: hubgate explain with the same configuration says so.
explains() {
    local text=$1
    shift
    "$HUBGATE" explain -c "$TMP/hub.ini" "$@" >"$TMP/explained" 2>&1
    grep -qF "$text" "$TMP/explained" || { cat "$TMP/explained"; return 1; }
}

one_cluster() {
    printf '[hub]\nprofile = generic-lfp-16s\n[cluster.1]\nlink = replay:%s\nmodules = %s\n[modbus.tcp]\nlisten = 127.0.0.1:%s\n' \
        "$CAPTURES/$1" "$2" "$PORT" >"$TMP/hub.ini"
}

# ---- two Pylontech stacks: c2 (6 modules) and c5 (4 modules) ----
two_clusters
ok "hubgate check takes the file" "$HUBGATE" check "$TMP/hub.ini"
ok "the gateway starts without any battery" gateway_start "$TMP/hub.ini"
python3 "$ROOT/tests/system/canbus.py" dump "$TMP/i1" >"$TMP/inverter" &
PIDS+=($!)
ok "nothing known: state WAITING" is hub_state 0
ok "nothing known: SOC is not available" is soc --
ok "nothing known: the inverter hears zero currents" hears 4 "351#280200000000D001" # 55.2 V, 0, 0, 46.4 V
play 1 "$CAPTURES/c2.log"
c2=$player
play 2 "$CAPTURES/c5.log"
c5=$player
ok "both join: state RUNNING" becomes 5 hub_state 1
ok "cluster 1 SOC 88 %" is cluster1_soc 88
ok "cluster 1 voltage 49.86 V" is cluster1_voltage 49.86
ok "cluster 1 current -27.0 A (discharging)" is cluster1_current -27
ok "cluster 2 SOC 95 %" is cluster2_soc 95
ok "cluster 2 voltage 49.83 V" is cluster2_voltage 49.83
ok "cluster 2 current -34.3 A" is cluster2_current -34.3
ok "SOC by modules (88 x 6 + 95 x 4) / 10 = 90.8 %" is soc 90.8
ok "current -27.0 - 34.3 = -61.3 A" is current -61.3
ok "stage 2 CCL min(480 / 0.6, 59.2 / 0.4) = 148.0 A" is ccl_stage2 148
ok "stage 2 DCL min(480 / 0.6, 148 / 0.4) = 370.0 A" is dcl_stage2 370
ok "not READY: 6 and 4 modules" is ready 0
ok "... with a warning in the log" grep -q "do not have the same number of modules" "$TMP/log"
ok "final DCL 370.0 A in one step after 10 s" becomes 12 discharge_current_limit 370
ok "final CCL 148.0 A once it has risen" becomes 12 charge_current_limit 148
# 53.2 V = 532 = 0x0214; 148.0 A = 1480 = 0x05C8; 370.0 A = 3700 = 0x0E74; DVL 46.4 V = 464 = 0x01D0
# (cluster 2 tells none: the profile's is higher than cluster 1's 45.0 V)
ok "the Victron frame carries them" hears 3 "351#1402C805740ED001"
ok "explain names the cluster that binds CCL" explains "CCL is 148.0 A because cluster 2 (share 40.0 %) allows 59.2 A."
ok "... and its part beside the other's" explains "cluster 1    480.0 A / share 60.0 % = 800.0 A for the hub"
sed '/cluster.2/,/modules/d; s/clusters = 2/clusters = 1/' "$TMP/hub.ini" >"$TMP/other.ini"
ok "explain refuses the configuration of another site" explains "it is not its configuration" -c "$TMP/other.ini"
kill $c2
ok "c2 stopped: out of the sums within 4 s" becomes 4 current -34.3
ok "... its state is STALE" is cluster1_state 1
ok "... limits 59.2 A" becomes 1 charge_current_limit 59.2
ok "... and 148.0 A" is discharge_current_limit 148
ok "... told to the inverter" hears 2 "351#14025002C805D001"
ok "... the sums are marked partial" is partial 1
ok "explain tells of the silent one" explains "1 of 2 clusters are counted, 1 silent on the bus bar."
ok "... and that the other binds CCL" explains "CCL is 59.2 A because the BMS of cluster 2 allows no more."
kill $c5
ok "both stopped: zero limits within 5 s" becomes 5 charge_current_limit 0
ok "... both ways" is discharge_current_limit 0
ok "... the hub is STOPPED" is hub_state 3
ok "... CVL keeps its value" is charge_voltage_limit 53.2
ok "... told to the inverter" hears 2 "351#140200000000D001"
sleep 9 # both gaps are longer than 10 s now
play 1 "$CAPTURES/c2.log"
c2=$player
play 2 "$CAPTURES/c5.log"
c5=$player
started=$SECONDS
ok "resumed: STANDBY first" becomes 3 cluster1_state 2
ok "joined again after 30 s of good data" becomes 34 hub_state 1
ok "... not before 28 s" test $((SECONDS - started)) -ge 28
ok "... and the limits rise again" becomes 22 charge_current_limit 148
kill $c5
ok "c5 stopped instead: out of the sums" becomes 4 current -27
sleep 1
ok "... CCL stays 148.0 A: losing a cluster never raises a limit" is charge_current_limit 148
ok "... DCL stays 370.0 A" is discharge_current_limit 370
ok "SIGTERM: exit 0" gateway_stop
zeros=$(tail -40 "$TMP/inverter" | grep -c " 351#140200000000")
ok "... after three frames of zero limits (heard $zeros)" test "$zeros" -ge 3
kill $c2 2>/dev/null
ok "nobody there to explain" explains "Connection refused"

# ---- the same two clusters as a log: can0 and can1 stand for them ----
cat >"$TMP/hub.ini" <<INI
[hub]
clusters = 2
profile = generic-lfp-16s
[cluster.1]
link = can0
modules = 6
[cluster.2]
link = can1
modules = 4
INI
ok "a log names the cluster that binds CCL" explains "CCL is 148.0 A because cluster 2 (share 40.0 %) allows 59.2 A." --log "$CAPTURES/two_unequal.log"
ok "... and DCL" explains "DCL is 370.0 A because cluster 2 (share 40.0 %) allows 148.0 A." --log "$CAPTURES/two_unequal.log"
ok "... and what of it was not used" explains "Not used: can2 (24 frames), can3 (2 frames)" --log "$CAPTURES/two_unequal.log"
ok "... early in it the hold, with seconds" explains "because it waits another 7.1 s before it rises to 148.0 A" --log "$CAPTURES/two_unequal.log" --at 3

# ---- BYD LVS alone, what its source prints ----
one_cluster c7.log 2
ok "c7: the gateway starts" gateway_start "$TMP/hub.ini"
ok "c7: joined" becomes 6 cluster1_state 3
while read -r name value; do
    ok "c7: $name $value" is "$name" "$value"
done <<'LIST'
cluster1_charge_voltage_limit 58.4
cluster1_charge_current_limit 128
cluster1_discharge_current_limit 128
cluster1_discharge_voltage_limit 43
cluster1_soc 67
cluster1_soh 100
cluster1_voltage 53.1
cluster1_current -0.7
cluster1_temperature 14
cluster1_maker BYD
cluster1_cell_voltage_min 3.306
cluster1_cell_voltage_max 3.329
cluster1_temperature_min 14
cluster1_temperature_max 17
cluster1_modules_online 2
cluster1_modules_offline 0
cluster1_energy_charged 211.2
cluster1_energy_discharged 183.5
cluster1_capacity 156
cluster1_capacity_left 105
cluster1_family PREMIUM
cluster1_protocol byd-lvs
voltage 53.1
current -0.7
LIST
ok "c7: no alarm" is cluster1_alarms_protection 0
ok "c7: SIGTERM" gateway_stop

# ---- Pytes in Victron mode alone ----
one_cluster c9.log 1
ok "c9: the gateway starts" gateway_start "$TMP/hub.ini"
ok "c9: joined" becomes 6 cluster1_state 3
while read -r name value; do
    ok "c9: $name $value" is "$name" "$value"
done <<'LIST'
cluster1_charge_voltage_limit 52.8
cluster1_charge_current_limit 100
cluster1_discharge_current_limit 25
cluster1_discharge_voltage_limit 45.5
cluster1_soc 20
cluster1_soh 100
cluster1_voltage 52.14
cluster1_current 0
cluster1_temperature 17
cluster1_maker PYTES
cluster1_capacity_left 20
LIST
ok "c9: SIGTERM" gateway_stop

# ---- the maker's screen: 44.8 % 52.8 V -7.8 A and 51.6 % 52.8 V -6.3 A ----
# 0x355 SOC 1 %, SOH, SOC 0.01 %: 44.8 % = 4480 = 0x1180, 51.6 % = 5160 = 0x1428; 0x356 52.80 V =
# 5280 = 0x14A0, -7.8 A = -78 = 0xFFB2, -6.3 A = -63 = 0xFFC1; 0x351 54.0 V, 100 A, 100 A, 48.0 V.
screen() {
    printf '(0.0) can0 351#1C02E803E803E001\n(0.0) can0 355#%s\n(0.0) can0 356#%s\n(0.0) can0 35A#AAAAAAAAAAAAAAAA\n(0.0) can0 35E#5745434F20202020\n' "$1" "$2"
}
screen 2D00640080110000 A014B2FFB4000000 >"$TMP/s1.log"
screen 3400640028140000 A014C1FFB4000000 >"$TMP/s2.log"
cat >"$TMP/hub.ini" <<INI
[hub]
clusters = 2
modules = 5
profile = weco-4k4-pro
[cluster.1]
link = replay:$TMP/s1.log
protocol = sma
[cluster.2]
link = replay:$TMP/s2.log
protocol = sma
[inverter.1]
link = unix:$TMP/i1
protocol = pylontech
[modbus.tcp]
listen = 127.0.0.1:$PORT
INI
ok "screen: the gateway starts" gateway_start "$TMP/hub.ini"
python3 "$ROOT/tests/system/canbus.py" dump "$TMP/i1" >"$TMP/inverter" &
PIDS+=($!)
ok "screen: RUNNING" becomes 6 hub_state 1
ok "screen: cluster 1 44.8 %" is cluster1_soc 44.8
ok "screen: cluster 2 51.6 %" is cluster2_soc 51.6
ok "screen: hub 48.2 %" is soc 48.2
ok "screen: 52.8 V" is voltage 52.8
ok "screen: -14.1 A" is current -14.1
ok "screen: -744 W" is power -744
ok "screen: the inverter hears 48 %" hears 3 "355#30006400"
ok "screen: the inverter hears 52.80 V -14.1 A 18.0 degC" hears 3 "356#A01473FFB400"
"$HUBGATE" status "127.0.0.1:$PORT" >"$TMP/screen" 2>&1
for text in "48 %" "52.8 V" "-14.1 A" "-0.7 kW" "44.8 %" "51.6 %" "-7.8 A" "-6.3 A"; do
    ok "screen: status prints $text" grep -qF -e "$text" "$TMP/screen"
done
ok "screen: SIGTERM" gateway_stop
finish
