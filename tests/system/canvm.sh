#!/bin/bash
# Runs a command inside a Linux that has SocketCAN, on a machine whose kernel has none. No KVM, no
# module and no right beyond that of an ordinary process is needed on the host.
#
#   canvm.sh [-b uml|qemu] [-t SECONDS] [-m MEGABYTES] [-v] DIR COMMAND [ARG...]
#   canvm.sh --install [uml|qemu]     apt packages of a backend (default both)
#
# The guest has the host's files read-only, DIR writable at the same path, empty /tmp, /run and
# /dev/shm, lo and vcan0 to vcan6 up. COMMAND runs there as root in DIR; its output comes out here
# as one stream. Exit code: that of COMMAND; 124 after SECONDS (600); 125 when the guest failed.
#
#   uml   user-mode-linux, the default: starts in 3 s, one processor, programs at full speed,
#         system calls slow. The address sanitizer does not run in it; UBSan and valgrind do.
#   qemu  Debian's kernel under emulation: starts in 10 s, everything 15 times slower, two
#         processors; ASan and TSan run. It also has can0 and can1, two SJA1000 controllers on
#         one bus, which know bit rates and states as vcan does not.
#         DIR is 9p there: no Unix sockets in it, use /tmp.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
backend=uml seconds=600 megabytes=1024 verbose=

die() {
    echo "canvm: $*" >&2
    exit 125
}

install() {
    case $1 in uml | both) "$here/../install.sh" guest ;; esac
    case $1 in qemu | both)
        apt-get -q -y -o DPkg::Lock::Timeout=600 install --no-install-recommends \
            busybox-static can-utils iproute2 qemu-system-x86 cpio kmod zstd
        ;;
    esac
    exit
}
[ "${1-}" != --install ] || install "${2-both}"

while getopts b:t:m:v option; do
    case $option in
    b) backend=$OPTARG ;;
    t) seconds=$OPTARG ;;
    m) megabytes=$OPTARG ;;
    v) verbose=1 ;;
    *) exit 125 ;;
    esac
done
shift $((OPTIND - 1))
[ $# -ge 2 ] || die "usage: canvm.sh [-b uml|qemu] [-t SECONDS] [-m MB] [-v] DIR COMMAND [ARG...]"
dir=$(realpath -e "$1")
shift
case $dir in / | /tmp | /run | /dev | /dev/* | /proc* | /sys*) die "DIR may not be $dir" ;; esac

cache=${CANVM_CACHE:-}
[ -n "$cache" ] || { [ -w /var/cache ] && cache=/var/cache/canvm; } || cache=$HOME/.cache/canvm
mkdir -p "$cache"
run=$(mktemp -d "$cache/run.XXXXXX") # of this run: scripts in, exit code and console out
trap 'rm -rf "$run"' EXIT

# ---- inside, the same for both backends ---------------------------------------------------------

# guest.sh CONSOLE: the network, then the command, its output through a pipe so that nothing of it
# is lost when the machine goes off.
cat >"$run/guest.sh" <<GUEST
#!/bin/sh
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export HOME=/tmp TERM=dumb LANG=C.UTF-8 CANVM=$backend
b=/bin/busybox
if [ ! -e /dev/fd ]; then
    \$b ln -s /proc/self/fd /dev/fd
    \$b ln -s fd/0 /dev/stdin; \$b ln -s fd/1 /dev/stdout; \$b ln -s fd/2 /dev/stderr
fi
\$b hostname canvm
ip link set lo up
for i in 0 1 2 3 4 5 6; do
    ip link add vcan\$i type vcan
    ip link set vcan\$i txqueuelen 1000 up
done
for c in can0 can1; do
    [ ! -e /sys/class/net/\$c ] ||
        { ip link set \$c type can bitrate 500000 restart-ms 100 && ip link set \$c up; }
done
\$b stty -opost -F "\$1" 2>/dev/null
\$b mkfifo /run/out
\$b cat /run/out >"\$1" &
copier=\$!
cd $(printf %q "$dir") || exit
$(printf '%q ' "$@") </dev/null >/run/out 2>&1
code=\$?
n=0 # the copier ends with the last writer; a program left behind may hold it
while kill -0 \$copier 2>/dev/null && [ \$n -lt 30 ]; do \$b sleep 0.1; n=\$((n + 1)); done
echo \$code >$run/code
sync
GUEST

# ---- user-mode-linux ----------------------------------------------------------------------------

uml() {
    command -v linux.uml >/dev/null || die "linux.uml is missing; run: canvm.sh --install uml"
    local shim=$cache/uml_fpu.so
    if [ ! "$shim" -nt "$here/uml_fpu.c" ]; then
        ${CC:-gcc} -O2 -shared -fPIC -o "$run/uml_fpu.so" "$here/uml_fpu.c"
        mv "$run/uml_fpu.so" "$shim"
    fi
    # The root is the host's. DIR and this run's folder are bound aside first, then everything
    # is made read-only and /tmp covered, then the two are put back where they were.
    cat >"$run/init" <<INIT
#!/bin/sh
b=/bin/busybox
exec >/dev/tty0 2>&1
\$b mount -t proc proc /proc
\$b mount -t sysfs sys /sys
\$b mkdir -p /dev/pts /dev/shm
\$b mount -t devpts devpts /dev/pts
\$b mount -t tmpfs tmpfs /dev/shm
m=/usr/lib/uml/modules/\$(\$b uname -r)/kernel
for i in net/can/can net/can/can-raw net/can/can-bcm net/can/can-gw drivers/net/can/dev/can-dev \\
    drivers/net/can/vcan drivers/net/can/vxcan drivers/net/can/slcan/slcan; do
    \$b insmod \$m/\$i.ko
done
\$b mount -t tmpfs tmpfs /run
\$b mkdir /run/dir /run/run
\$b mount --bind $(printf %q "$dir") /run/dir
\$b mount --bind $run /run/run
\$b mount -o remount,ro,bind /
\$b mount -t tmpfs tmpfs /tmp
\$b mkdir -p $(printf %q "$dir") $run 2>/dev/null
\$b mount --bind /run/dir $(printf %q "$dir")
\$b mount --bind /run/run $run
/bin/sh $run/guest.sh /dev/tty1
\$b poweroff -f
INIT
    chmod +x "$run/init"
    # The guest makes its end of descriptor 3 non-blocking: a pipe and cat keep that from ours.
    {
        LD_PRELOAD=$shim timeout -k 5 "$seconds" linux.uml mem="${megabytes}M" umid=canvm \
            uml_dir="$run/" rootfstype=hostfs rootflags=/ rw init="$run/init" \
            con=null con0=null,fd:2 con1=null,fd:3 loglevel=3 quiet \
            </dev/null 3>&1 >>"$run/console" 2>&1
    } | cat
    return "${PIPESTATUS[0]}"
}

# ---- qemu ---------------------------------------------------------------------------------------

# Debian's kernel package, unpacked and never installed, and a first file system with what is
# needed to mount the host's files. Kept for the next time.
qemu_kernel() {
    local package=$1 kernel=$2 version=${1#linux-image-} module root=$run/root
    rm -rf "$kernel"
    mkdir -p "$kernel" "$root"/{bin,m,proc,sys,dev,root}
    (cd "$run" && apt-get -o APT::Sandbox::User=root download "$package" >/dev/null)
    dpkg-deb -x "$run"/linux-image-*.deb "$kernel"
    depmod -b "$kernel" "$version"
    cp /bin/busybox "$root/bin/"
    for module in virtio_pci virtio_console 9pnet_virtio 9p can can-raw can-bcm can-gw can-isotp \
        can-dev vcan vxcan slcan kvaser_pci; do
        modprobe -d "$kernel" -S "$version" --show-depends "$module"
    done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' >"$run/modules"
    while read -r module; do
        cp "$module" "$root/m/"
        basename "$module"
    done <"$run/modules" >"$root/order"
    cat >"$root/init" <<'INIT'
#!/bin/busybox sh
b=/bin/busybox
$b mount -t devtmpfs dev /dev
$b mount -t proc proc /proc
$b mount -t sysfs sys /sys
while read -r module; do $b insmod "/m/$module"; done </order
p=trans=virtio,version=9p2000.L,msize=512000
$b mount -t 9p -o "ro,cache=loose,$p" root /root
$b mount -t 9p -o "cache=mmap,$p" run /root/mnt
. /root/mnt/vars
for i in proc sys dev; do $b mount --move /$i /root/$i; done
$b mkdir -p /root/dev/pts /root/dev/shm
$b mount -t devpts devpts /root/dev/pts
for i in dev/shm run tmp; do $b mount -t tmpfs tmpfs /root/$i; done
$b mkdir -p "/root$dir" "/root$run" 2>/dev/null
$b mount -t 9p -o "cache=mmap,$p" dir "/root$dir"
$b mount --move /root/mnt "/root$run"
$b chroot /root /bin/sh "$run/guest.sh" /dev/hvc0
$b poweroff -f
INIT
    chmod +x "$root/init"
    (cd "$root" && find . | cpio -o -H newc --quiet | zstd -q -3 -o "$run/initrd")
    mv "$run/initrd" "$kernel/initrd"
}

qemu() {
    command -v qemu-system-x86_64 >/dev/null || die "qemu is missing; run: canvm.sh --install qemu"
    local package kernel fs=security_model=none,multidevs=remap
    package=$(apt-cache depends linux-image-amd64 | sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p')
    package=${package%%$'\n'*}
    [ -n "$package" ] || die "apt knows no linux-image-amd64; run: apt-get update"
    kernel=$cache/$package
    [ -e "$kernel/initrd" ] || qemu_kernel "$package" "$kernel"
    printf 'dir=%q\nrun=%q\n' "$dir" "$run" >"$run/vars"
    {
        timeout -k 5 "$seconds" qemu-system-x86_64 -accel tcg -cpu max -smp 2 -m "$megabytes" \
            -nodefaults -no-user-config -display none -nic none -no-reboot \
            -kernel "$kernel/boot/vmlinuz-${package#linux-image-}" -initrd "$kernel/initrd" \
            -append "console=ttyS0 quiet loglevel=3 panic=-1 mitigations=off nokaslr random.trust_cpu=on tsc=unstable" \
            -chardev "file,id=log,path=$run/console" -serial chardev:log \
            -chardev file,id=out,path=/dev/fd/3 -device virtio-serial-pci -device virtconsole,chardev=out \
            -virtfs "local,path=/,mount_tag=root,readonly=on,$fs" \
            -virtfs "local,path=$dir,mount_tag=dir,$fs" -virtfs "local,path=$run,mount_tag=run,$fs" \
            -object can-bus,id=bus -device kvaser_pci,canbus=bus -device kvaser_pci,canbus=bus \
            </dev/null 3>&1 >>"$run/console" 2>&1
    } | cat
    return "${PIPESTATUS[0]}"
}

code=0
case $backend in
uml) uml || code=$? ;;
qemu) qemu || code=$? ;;
*) die "the backend is uml or qemu, not $backend" ;;
esac
[ -z "$verbose" ] || sed 's/^/canvm| /' "$run/console" >&2
[ ! -s "$run/code" ] || exit "$(cat "$run/code")"
case $code in 124 | 137)
    echo "canvm: ran past $seconds s" >&2
    exit 124
    ;;
esac
sed 's/^/canvm| /' "$run/console" | tail -40 >&2
die "the guest ended without an exit code ($backend, $code)"
