#!/bin/sh
# The state diagrams in gateway/DESIGN.md must be what the tables of the core are now.
# Usage: states.sh SCENARIO ROOT [--write]. Exits 1 with a diff; --write puts them there.
page=$2/gateway/DESIGN.md
want=$("$1" --diagram) || exit 2
is=$(sed -n '/^<!-- states -->$/,/^<!-- end of states -->$/p' "$page" | sed '1d;$d')
if [ "${3-}" = --write ]; then
    tmp=$(mktemp) && {
        sed '/^<!-- states -->$/q' "$page"
        printf '%s\n' "$want"
        sed -n '/^<!-- end of states -->$/,$p' "$page"
    } >"$tmp" && cat "$tmp" >"$page" && rm -f "$tmp"
    exit
fi
[ "$is" = "$want" ] && exit 0
echo "gateway/DESIGN.md does not show the states as they are: tests/states.sh build/tests/scenario . --write"
printf '%s\n' "$want" >"${TMPDIR:-/tmp}/states.$$"
printf '%s\n' "$is" | diff -u - "${TMPDIR:-/tmp}/states.$$"
rm -f "${TMPDIR:-/tmp}/states.$$"
exit 1
