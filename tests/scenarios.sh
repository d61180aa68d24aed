#!/bin/sh
# tests/scenarios/README.md must name what is there: each story, each state edge of the core, and nothing else.
# Each story begins with a line that says what happens. Usage: scenarios.sh SCENARIO ROOT. Exits 1 with what is wrong.
page=$2/tests/scenarios/README.md
bad=0
wrong() {
    echo "$*"
    bad=1
}
# shellcheck disable=SC2013 # names without blanks
for name in $(grep -o '[a-z0-9_]*\.hub' "$page" | sort -u); do
    [ -e "$2/tests/scenarios/$name" ] || wrong "README.md names $name, which is not there"
done
for file in "$2"/tests/scenarios/*.hub; do
    grep -q "[| ]$(basename "$file")" "$page" || wrong "README.md has no place for $(basename "$file")"
    head -n 1 "$file" | grep -q '^# .' || wrong "$(basename "$file") does not begin with its story"
done
want=$("$1" --diagram | grep ': [A-Z]' | sed 's/^ *//' | sort)
is=$(sed -n 's/^| \([A-Z_]* --> [A-Z_]*: [A-Z_]*\) | [a-z0-9_]*\.hub |$/\1/p' "$page" | sort)
[ "$want" = "$is" ] || {
    wrong "README.md does not list the state edges as they are"
    for edge in want is; do eval "printf '%s\n' \"\$$edge\"" | sed "s/^/$edge: /"; done | sort -k2 | uniq -u -f1
}
exit $bad
