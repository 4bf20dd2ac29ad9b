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

kernel_log() {
    # What the kernel says of itself when something of it breaks.
    ! $b dmesg | $b grep -E 'WARNING:|BUG:|Oops|verifier bug|general protection'
}

$b uname -r
part doctor @CAPTURE@ doctor
part record @CAPTURE@ record -o /tmp/load.scap -- /usr/bin/true
part verify @ANALYZE@ verify /tmp/load.scap
while read -r name program; do
    part "$name" "$program" --test-threads 1
done < /vm/tests
part kernel-log kernel_log
$b cat $AFTERIMAGE_SKIP_LOG
echo "vm: done after $($b cut -d' ' -f1 /proc/uptime) s"
$b poweroff -f
