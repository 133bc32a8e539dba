#!/bin/sh
# The first program of the host: finds its disk and hands over to lab-init on it.
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for module in virtio_pci virtio_blk crc32c_generic ext4; do modprobe $module 2>/dev/null; done
until [ -b /dev/vda ]; do sleep 0.1; done
mount -t ext4 /dev/vda /newroot
mount --move /dev /newroot/dev
mount --move /proc /newroot/proc
mount --move /sys /newroot/sys
exec switch_root /newroot /usr/sbin/lab-init
