#!/bin/sh
# What the tables generate is committed; it must be what they would generate now.
# Usage: generated.sh REGDOC ROOT. Exits 1 with a diff.
regdoc=$1 root=$2 bad=0
check() {
    "$regdoc" "$1" | diff -u "$root/$2" - || { echo "$2 is not what the tables say: cmake --build build --target generate"; bad=1; }
}
check md registers/generated/REGISTERS.md
check csv registers/generated/registers.csv
check ha registers/generated/homeassistant.yaml
check codes registers/generated/codes.csv
check places registers/generated/places.inc
check alarms registers/generated/ALARMS.md
check ini config/hub.ini
check profile config/profile.ini
exit $bad
