#!/bin/bash
# Builds a container image where there is neither a Docker engine nor an image registry.
#     tests/system/image_build.sh DOCKERFILE CONTEXT TAG
# buildah walks the Dockerfile; its RUN steps run in a chroot on the host's network, so apt-get
# works inside. "FROM debian:bookworm..." is served by a minimal Debian that mmdebstrap makes
# once from the machine's own apt sources; nothing is pulled. Run the image with podman.sh.
# Needs root; tests/install.sh image brings the tools.
set -eu
[ $# = 3 ] || { sed -n '2,7s/^# //p' "$0" >&2; exit 2; }
dockerfile=$1 context=$2 tag=$3
here=$(dirname "$(realpath "$0")")
# shellcheck source-path=SCRIPTDIR source=store.sh
. "$here/store.sh"
mkdir -p "$containers"

# Short names mean what is in our store; the build has no other place to look.
export CONTAINERS_REGISTRIES_CONF=$containers/registries.conf
printf 'unqualified-search-registries = ["docker.io"]\nshort-name-mode = "disabled"\n' \
    >"$CONTAINERS_REGISTRIES_CONF"

b() { buildah "${store[@]}" "$@"; }

# What slim images leave out too: manuals, translations, documentation but for licences.
base_tar() {
    tar=$containers/bookworm.tar
    [ -e "$tar" ] || {
        mmdebstrap --quiet --variant=minbase --mode=root \
            --dpkgopt='path-exclude=/usr/share/man/*' \
            --dpkgopt='path-exclude=/usr/share/locale/*' \
            --dpkgopt='path-exclude=/usr/share/doc/*' \
            --dpkgopt='path-include=/usr/share/doc/*/copyright' bookworm "$tar.part.tar"
        mv "$tar.part.tar" "$tar"
    }
}

# Puts the base into the store under the name that a FROM line uses.
import_base() {
    b inspect --type image "$1" >/dev/null 2>&1 && return
    base_tar
    c=$(b from --pull-never scratch)
    b add -q "$c" "$tar" / >/dev/null
    b config --cmd bash --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$c"
    b commit -q --rm "$c" "$1" >/dev/null
}

# shellcheck disable=SC2013 # image names have no blanks
for name in $(awk 'toupper($1) == "FROM" {print $2}' "$dockerfile" |
    grep -E '^(docker\.io/(library/)?)?debian:(bookworm|12)' | sort -u); do
    import_base "docker.io/library/${name##*/}"
done
# --format docker: the OCI format has no place for HEALTHCHECK and would drop it silently.
b bud --format docker --pull-never --layers --isolation chroot --network host \
    -f "$dockerfile" -t "$tag" "$context"
b images --format '{{.Name}}:{{.Tag}} {{.Size}}' "$tag"
