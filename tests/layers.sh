#!/bin/sh
# Who may include whom: a room sees itself and the rooms left of it.
#     base <- model <- wire <- { intake core dialects modbus store registers config }
#          <- { hub sim } <- io <- cli <- main
# Usage: layers.sh [ROOT]. Prints each #include that breaks the rule and exits 1.
cd "${1:-.}" || exit 2
may() {
    case $1 in
    base) echo "base" ;;
    model) echo "base model" ;;
    wire) echo "base model wire" ;;
    intake | core | dialects | modbus | store) echo "base model wire $1" ;;
    registers | config) echo "base model wire $1" ;;
    hub | sim) echo "base model wire intake core dialects modbus store registers config $1" ;;
    io) echo "base model wire intake core dialects modbus store registers config hub sim io" ;;
    cli) echo "base model wire intake core dialects modbus store registers config hub sim io cli" ;;
    main) echo "base model wire intake core dialects modbus store registers config hub sim io cli" ;;
    esac
}
bad=0
for f in $(find gateway registers config -name '*.[ch]' -o -name '*.def' | sort); do
    case $f in
    registers/regdoc.c) continue ;; # a tool beside the program: sees registers and config
    gateway/main.c) room=main ;;
    gateway/*) room=${f#gateway/} room=${room%%/*} ;;
    *) room=${f%%/*} ;;
    esac
    allowed=$(may "$room")
    [ -n "$allowed" ] || { echo "$f: no such room"; bad=1; continue; }
    # shellcheck disable=SC2013 # names of headers have no blanks
    for inc in $(sed -n 's/^#include "\([^"]*\)".*/\1/p' "$f"); do
        case $inc in
        generated/*) to=$room ;;
        */*) to=${inc%%/*} ;;
        reg* | sunspec* | export*) to=registers ;;
        config* | options*) to=config ;;
        *) to=$room ;;
        esac
        case " $allowed " in *" $to "*) ;; *) echo "$f: $room may not include $inc"; bad=1 ;; esac
    done
done
# A dialect or a protocol that nobody lists is dead code.
for f in gateway/dialects/*.c; do
    [ -e "$f" ] || continue
    n=$(basename "$f" .c)
    [ "$n" = dialect ] || grep -q "^DIALECT($n)" gateway/dialects/dialects.def ||
        { echo "$f is not in dialects.def"; bad=1; }
done
exit $bad
