#!/bin/sh
# The pure library may ask the outside for memory and text, nothing else: no clock, no file, no
# socket, no thread. Usage: pure.sh LIBRARY. Prints each symbol that breaks the rule, exits 1.
allowed='^(mem(cpy|set|cmp|move|chr)|bcmp|str(cmp|casecmp|ncmp|ncasecmp|cpy|ncpy|cat|len|nlen|chr|rchr|str|spn|cspn|tol|toll|toul|toull)|v?snprintf|sscanf|inet_pton|(m|c)alloc|free|abort|qsort|bsearch|__errno_location|__ctype_(b|tolower|toupper)_loc|(to|is)(lower|upper|digit|alpha|alnum|print|space|xdigit)|__stack_chk_fail|__assert_fail|__(isoc99_|isoc23_)?(v?snprintf|memcpy|memset|memmove|strcpy|strncpy|strcat|sscanf|strtol|strtoll|strtoul|strtoull)(_chk)?|ini_parse_(stream|string)|_GLOBAL_OFFSET_TABLE_|__sanitizer_.*|__gcov_.*|__llvm_.*)$'
[ -r "$1" ] || { echo "usage: pure.sh LIBRARY"; exit 2; }
defined=$(nm --defined-only "$1" 2>/dev/null | awk 'NF==3{print $3}' | sort -u)
outside=$(nm -u "$1" | awk '/ U /{print $2}' | sort -u | grep -vxF "$defined" | grep -vE "$allowed")
[ -z "$outside" ] || { echo "not pure:"; echo "$outside"; exit 1; }
