#!/bin/bash
# podman on a machine without systemd, where cgroups are half of version 1 and half of 2 and
# root may not raise resource limits. Takes podman's own arguments:
#     tests/system/podman.sh run --rm IMAGE ...      (also exec, inspect, logs, stop, rm ...)
#     tests/system/podman.sh --down                  when all containers are gone
# What is different here from a plain machine, and what it takes:
#   crun refuses hybrid cgroups         a mount namespace of our own with plain cgroup2 on top,
#                                       pinned, since exec must see the mounts that run made
#   RLIMIT_NOFILE may not be raised     limits inside what the machine has
#   no netfilter for a bridge           "run" gets the host's network unless it names another
# --memory and --cpus are taken and have no effect; health checks run only by hand
# ("healthcheck run NAME"). Needs root; tests/install.sh image brings the tools.
set -eu
here=$(dirname "$(realpath "$0")")
# shellcheck source-path=SCRIPTDIR source=store.sh
. "$here/store.sh"
ns=/run/hubgate-podman-ns

if [ "${1-}" = --down ]; then
    umount "$ns/mnt" 2>/dev/null || true
    umount "$ns" 2>/dev/null || true
    exit 0
fi

if ! nsenter --mount="$ns/mnt" true 2>/dev/null; then
    mkdir -p "$ns"
    mountpoint -q "$ns" || { mount --bind "$ns" "$ns" && mount --make-private "$ns"; }
    touch "$ns/mnt"
    unshare --mount="$ns/mnt" --propagation slave sh -c \
        'umount -R /sys/fs/cgroup 2>/dev/null; mount -t cgroup2 none /sys/fs/cgroup'
fi

args=("$@")
case ${1-} in
run | create)
    files=$(ulimit -Hn)
    extra=(--cgroups=disabled --pull=never --ulimit "nofile=$files:$files" --ulimit nproc=4096:4096)
    case " $* " in
    *" --net"*) ;;
    *) extra+=(--network host) ;;
    esac
    args=("$1" "${extra[@]}" "${@:2}")
    ;;
esac
# The one complaint that is always there and never news.
nsenter --mount="$ns/mnt" podman "${store[@]}" --cgroup-manager cgroupfs "${args[@]}" \
    2> >(grep -v 'systemd connection' >&2)
