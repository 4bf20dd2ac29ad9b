#!/vm/busybox sh
# The first process of the machine: mounts, runs every part, says `vm: begin PART` and `vm: end PART STATUS` around
# each, and turns the machine off.
PATH=/usr/bin
b=/vm/busybox
if [ "$1" != inside ]; then
    # runc cannot leave the root of the initial file system, but a mount of it.
    $b mount --bind / /new
    cd /new
    $b mount --move . /
    exec $b chroot . /init inside
fi
$b mount -t proc proc /proc
$b mount -t sysfs sys /sys
$b mount -t tracefs tracefs /sys/kernel/tracing
$b mount -t devtmpfs dev /dev
$b mkdir -p /dev/pts /dev/shm
$b mount -t devpts pts /dev/pts
$b mount -t cgroup2 none /sys/fs/cgroup
$b ip link set lo up
export PATH HOME=/ AFTERIMAGE_SKIP_LOG=/run/skipped
: > $AFTERIMAGE_SKIP_LOG

part() {
    name=$1
    shift
    echo "vm: begin $name"
    "$@" 2>&1
    echo "vm: end $name $?"
}

counted() {
    found=$(@ANALYZE@ query /tmp/load.scap --count -f "$2")
    [ "$found" = "$1" ] || { echo "$found instead of $1: $2"; return 1; }
}

kernel_log() {
    # What the kernel says of itself when something of it breaks.
    ! $b dmesg | $b grep -E 'WARNING:|BUG:|Oops|verifier bug|general protection'
}

$b uname -r
part doctor @CAPTURE@ doctor
work='for i in 1 2 3 4 5; do echo line > /tmp/file-$i; cat /tmp/file-$i; done'
part record @CAPTURE@ record -o /tmp/load.scap -- /usr/bin/sh -c "$work"
part verify @ANALYZE@ verify /tmp/load.scap
part opens counted 10 'evt.type in (open, openat) and fd.name startswith /tmp/file- and evt.rawres >= 0'
part writes counted 5 'evt.type=write and evt.arg.data startswith line and fd.name startswith /tmp/file-'
part execs counted 6 'evt.type=execve and evt.dir=< and evt.rawres=0'
while read -r name program; do
    part "$name" "$program" --test-threads 1
done < /vm/tests
part kernel-log kernel_log
$b cat $AFTERIMAGE_SKIP_LOG
echo "vm: done after $($b cut -d' ' -f1 /proc/uptime) s"
$b poweroff -f
