#!/bin/sh
# What is released is for good: every register of registers_baseline.csv is in the map with the
# same address, type, unit, scale, name and signal, and every number of codes_baseline.csv has
# the same name. Descriptions may be put better. Nothing else may stand on a released word.
# Usage: baseline.sh REGDOC ROOT [--release]. Exits 1 and prints what is gone.
#     --release writes both files anew: at a release, after this check has passed.
regdoc=$1 root=$2 bad=0
if [ ! -x "$regdoc" ] || [ ! -d "$root/tests" ]; then
    echo "usage: baseline.sh REGDOC ROOT [--release]"
    exit 2
fi
now=$(mktemp) || exit 2
trap 'rm -f "$now"' EXIT

check() { # format, columns that are promised, file, --release
    kept=$root/tests/$3
    "$regdoc" "$1" | cut -d, -f"$2" >"$now"
    [ -s "$now" ] || { echo "regdoc $1 printed nothing"; exit 2; }
    gone=$(grep -vxFf "$now" "$kept" 2>/dev/null)
    if [ -n "$gone" ]; then
        echo "$3: released, and now gone or changed:"
        echo "$gone"
        bad=1
    elif [ "$4" = --release ]; then
        cp "$now" "$kept"
    elif [ ! -s "$kept" ]; then
        echo "$3 is missing or empty"
        bad=1
    fi
}
check baseline 1- registers_baseline.csv "$3"
check codes 1-3 codes_baseline.csv "$3"
exit $bad
