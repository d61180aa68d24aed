#!/bin/bash
# Installs, by name, what building and testing need on a bare Debian 12; a machine that has it all
# is left alone, without even an index update.
#     tests/install.sh [build] [test] [guest] [image]      no argument: build and test
# build: compile and run the unit tests. test: the other compiler, the checkers, Modbus and CAN
# clients nobody here wrote. guest: a guest kernel with AF_CAN. image: container images without a
# Docker engine.
set -eu

declare -A sets=(
    [build]="gcc libc6-dev make cmake pkg-config libinih-dev libmodbus-dev libsocketcan-dev
             libgpiod-dev libcmocka-dev"
    [test]="clang llvm libclang-rt-14-dev clang-format cppcheck shellcheck gcovr binutils procps git
            mbpoll python3 python3-pymodbus python3-serial-asyncio python3-yaml
            socat can-utils iproute2"
    [guest]="user-mode-linux busybox-static iproute2 kmod can-utils gcc libc6-dev"
    [image]="buildah podman crun mmdebstrap python3-yaml mbpoll"
)

[ $# -gt 0 ] || set -- build test
wanted=
for name; do
    [ -n "${sets[$name]-}" ] || {
        echo "install.sh: no set '$name': build, test, guest or image" >&2
        exit 2
    }
    wanted="$wanted ${sets[$name]}"
done

missing=
for package in $wanted; do
    case " $missing " in *" $package "*) continue ;; esac
    state=$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null || true)
    case $state in
    ?i*) ;; # installed, held back or not
    *) missing="$missing $package" ;;
    esac
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "install.sh: not root and no sudo; as root: apt-get update && apt-get install$missing" >&2
        exit 1
    fi
    as_root=sudo
fi
echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
# Another apt on the machine (an unattended upgrade) holds the lock for minutes: wait.
$as_root apt-get -q -o DPkg::Lock::Timeout=600 update
# shellcheck disable=SC2086 # a list of words
$as_root apt-get -q -y -o DPkg::Lock::Timeout=600 install --no-install-recommends $missing
