#!/bin/bash
# The host's init: mounts, brings up the network, and connects to the lab (10.0.2.2 is the machine that runs it) to serve
# its scripts.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp LANG=C
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /run
mount -t tmpfs -o size=3g tmpfs /tmp
mount -t debugfs debugfs /sys/kernel/debug
mount -t tracefs tracefs /sys/kernel/tracing
modprobe -a virtio_net 9pnet_virtio 9p
mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144,cache=none share /share
ip link set lo up
ip link set eth0 up
ip addr add 10.0.2.15/24 dev eth0
ip route add default via 10.0.2.2
hostname lab 2>/dev/null || echo lab >/proc/sys/kernel/hostname

. /usr/sbin/lab-serve.sh
port=$(sed -n 's/.*lab\.port=\([0-9]*\).*/\1/p' /proc/cmdline)
exec <>"/dev/tcp/10.0.2.2/$port" >&0
serve
echo o >/proc/sysrq-trigger
