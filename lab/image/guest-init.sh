#!/bin/sh
# A guest's init: counts its hypercalls before its drivers make the first, loads the drivers, brings up its network cards,
# and serves the lab's scripts on its second console (the kernel writes to the first).
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tracefs tracefs /sys/kernel/tracing
echo hist:keys=opcode >/sys/kernel/tracing/events/powerpc/hcall_entry/trigger
modprobe -a ibmvscsi sd_mod ibmveth nvme 8139cp
network=2
for card in $(ls /sys/class/net | grep -v lo); do
  ip link set "$card" up
  ip addr add "10.0.$network.15/24" dev "$card"
  network=$((network + 1))
done

. /serve.sh
# Opened once: the driver forgets its settings when the last descriptor is closed.
exec </dev/hvc1 >/dev/hvc1
stty raw -echo
serve
