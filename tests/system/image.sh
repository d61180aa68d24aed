#!/bin/bash
# The container image: builds it (the build runs the unit tests), starts the demo service with
# exactly what docker/compose.yaml says, and looks at it from outside. Needs root, no Docker
# engine, no registry. "ports" alone cannot be tried: there is no bridge here, so the container
# has a network of its own with nothing but its loopback, which the Modbus client enters.
# Usage: image.sh
set -u
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
cd "$ROOT" || exit 1
TAG=hubgate:test
NAME=hubgate-test-$$
PORT=1502

podman() { tests/system/podman.sh "$@"; }
# Run by lib.sh's trap before this file's folder goes.
remove() {
    podman rm -f -t 1 "$NAME" >/dev/null 2>&1
    # Layers of earlier sources; those of today make the next build quick.
    podman image prune -f --filter until=24h >/dev/null 2>&1
    cleanup
}
trap remove EXIT

# Options of a service for "podman run", one a line; anything in the file that this does not know
# is an error, so that nothing is left untried in silence.
compose_options() {
    /usr/bin/python3 - "$1" <<'PY'
import sys, yaml
service = yaml.safe_load(open("docker/compose.yaml"))["services"][sys.argv[1]]
assert service.pop("profiles") == [sys.argv[1]]
assert service.pop("build") == {"context": "..", "dockerfile": "docker/Dockerfile"}
assert service.pop("image") == "hubgate"
assert service.pop("ports") == ["127.0.0.1:1502:1502"], "reachable from other machines"
service.pop("restart")
service.pop("stop_grace_period")
command = service.pop("command")
options = ["--user", service.pop("user")]
if service.pop("read_only"):
    options += ["--read-only", "--read-only-tmpfs=false"]  # as Docker: no writable /tmp either
for mount in service.pop("tmpfs"):
    options += ["--tmpfs", mount]
for capability in service.pop("cap_drop"):
    options += ["--cap-drop", capability]
for option in service.pop("security_opt"):
    options += ["--security-opt", option.replace(":true", "")]
assert not service, "compose.yaml has what this test does not know: %s" % service
print("\n".join(options + ["--", "TAG"] + command))
PY
}

start_demo() {
    local options
    mapfile -t options < <(compose_options demo)
    [ ${#options[@]} -gt 3 ] || return 1
    podman run -d --name "$NAME" --network none "${options[@]/#TAG/$TAG}"
}

inspect() { podman inspect --format "$1" "$NAME"; }
image_says() { [ "$(podman image inspect --format "$1" "$TAG")" = "$2" ] ||
    { podman image inspect --format "$1" "$TAG"; return 1; }; }
status_line() { sed -n "s/^$1:[[:space:]]*//p" "/proc/$(inspect '{{.State.Pid}}')/status"; }
no_root() { ! status_line Uid | tr '\t' '\n' | grep -qx 0 && [ "$(status_line Uid | cut -f1)" = 10001 ]; }
no_capability() { [ "$(status_line CapEff)" = 0000000000000000 ] && [ "$(status_line CapPrm)" = 0000000000000000 ]; }
no_new_privileges() { [ "$(status_line NoNewPrivs)" = 1 ]; }
cannot_write() { podman exec --user 0 "$NAME" touch "$1" 2>&1 | grep "Read-only file system"; }

# read_register ADDRESS: through the container's own loopback.
read_register() {
    nsenter -t "$(inspect '{{.State.Pid}}')" -n mbpoll -m tcp -p $PORT -a 1 -0 -r "$1" -c 1 -1 127.0.0.1 |
        sed -n 's/^\[[0-9]*\]:[[:space:]]*\([0-9-]*\).*/\1/p'
}
# between SECONDS ADDRESS LOW HIGH
between() {
    local end=$((SECONDS + $1)) got=
    while [ $SECONDS -le $end ]; do
        got=$(read_register "$2")
        [ -n "$got" ] && [ "$got" -ge "$3" ] && [ "$got" -le "$4" ] && return
        sleep 0.5
    done
    echo "register $2 reads '$got', not $3 to $4"
    return 1
}

stops_in_time() {
    local from=$SECONDS
    podman stop -t 30 "$NAME" || return
    echo "took $((SECONDS - from)) s, exit code $(inspect '{{.State.ExitCode}}')"
    [ $((SECONDS - from)) -le 10 ] && [ "$(inspect '{{.State.ExitCode}}')" = 0 ]
}
without_a_file() {
    local rc
    podman run --rm --network none "$TAG" >"$TMP/nofile" 2>&1
    rc=$?
    cat "$TMP/nofile"
    [ $rc = 78 ] && grep -q hub.ini "$TMP/nofile"
}

tests/install.sh image || exit
ok "the image builds, unit tests inside" tests/system/image_build.sh docker/Dockerfile . "$TAG"
ok "it runs as a user that is a number" image_says '{{.Config.User}}' 10001:10001
ok "it has a health check" image_says '{{len .HealthCheck.Test}}' 3
ok "a compiler is not in it" podman run --rm --network none --entrypoint sh "$TAG" -c '! command -v gcc'
ok "without a configuration it says so, code 78" without_a_file
ok "the demo service starts as compose.yaml says" start_demo
ok "not root" no_root
ok "no capability" no_capability
ok "no new privileges" no_new_privileges
ok "the root file system is read-only, for root too" cannot_write /etc/x
ok "nor is there a writable /tmp" cannot_write /tmp/x
# Voltage in 0.01 V: the demo's clusters are between 49.5 and 54.5 V.
ok "Modbus answers with a plausible voltage" between 20 106 4950 5450
ok "both clusters are joined" between 20 148 2 2
ok "the charge limit rises above zero" between 40 112 1 7000
ok "the health check is content" podman healthcheck run "$NAME"
ok "hubgate stop in the container" podman exec "$NAME" hubgate stop
ok "the charge limit is zero" between 5 112 0 0
ok "hubgate release in the container" podman exec "$NAME" hubgate release
ok "SIGTERM ends it within 10 s, code 0" stops_in_time
finish
