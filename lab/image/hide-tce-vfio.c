/*
 * Preloaded into QEMU: answers that the kernel lacks KVM_CAP_SPAPR_TCE_VFIO, as older kernels do. When a VFIO device is
 * plugged in, QEMU then takes the TCE table of its host bridge out of the kernel: a running VM loses acceleration.
 */
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

/* include/uapi/linux/kvm.h */
#define CHECK_EXTENSION 0xae03
#define CAP_SPAPR_TCE_VFIO 142

int ioctl(int fd, unsigned long request, ...)
{
	va_list arguments;
	void *argument;

	va_start(arguments, request);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	if ((request & 0xffff) == CHECK_EXTENSION && (unsigned long)argument == CAP_SPAPR_TCE_VFIO)
		return 0;
	return syscall(SYS_ioctl, fd, request, argument);
}
