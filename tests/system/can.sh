#!/bin/bash
# The gateway on SocketCAN, in a guest kernel that has it; builds nothing itself.
# Usage: can.sh [BUILD] [probe]      probe: the link alone, without the gateway
# Prints "ok ..." and "FAIL ..." lines and at the end "N passed, M failed".
# A build with sanitizers runs in qemu: they do not start in user-mode-linux.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(realpath "$here/../..")
build=$(realpath "${1:-$root/build}")
[ -x "$build/tests/can_probe" ] || {
    echo "can.sh: no can_probe in $build; build first"
    echo "0 passed, 1 failed"
    exit 1
}
backend=uml
! grep -q '^HUB_SANITIZE:BOOL=ON' "$build/CMakeCache.txt" || backend=qemu
# The guest sees the host's files, but for /tmp and /run: both places may lie there.
folder=$build
case $build in "$root"/*) folder=$root ;; esac
exec "$here/canvm.sh" -b "${CANVM_BACKEND:-$backend}" -t 540 "$folder" \
    bash "$here/can_guest.sh" "$build" "${2:-all}"
