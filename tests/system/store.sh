# Sourced by image_build.sh and podman.sh: where images live while tests run. One place of our
# own, so that nobody's other images are in the way, and one driver: a store that two drivers
# have written confuses the libraries.
#
# HUB_CONTAINERS  the folder (default /var/cache/hubgate-containers)
# HUB_STORAGE     overlay or vfs (default: overlay where the kernel has it; vfs is slow and big)
# shellcheck shell=bash
containers=${HUB_CONTAINERS:-/var/cache/hubgate-containers}
if [ -z "${HUB_STORAGE-}" ]; then
    if grep -qw overlay /proc/filesystems; then HUB_STORAGE=overlay; else HUB_STORAGE=vfs; fi
fi
export HUB_STORAGE
# shellcheck disable=SC2034 # for those who source this
store=(--storage-driver "$HUB_STORAGE" --root "$containers/$HUB_STORAGE"
    --runroot "/run/hubgate-containers-$HUB_STORAGE")
