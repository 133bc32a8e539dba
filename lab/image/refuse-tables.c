/*
 * Preloaded into QEMU: refuses KVM_CREATE_SPAPR_TCE and KVM_CREATE_SPAPR_TCE_64 with ENOMEM, as the kernel does when the
 * limit of locked memory is too low. QEMU then keeps the tables itself: the VM is never accelerated.
 */
#include <errno.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Type and number of both; they differ in size only (include/uapi/linux/kvm.h: _IOW(KVMIO, 0xa8, ...)). */
#define CREATE_SPAPR_TCE 0xaea8

int ioctl(int fd, unsigned long request, ...)
{
	va_list arguments;
	void *argument;

	va_start(arguments, request);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	if ((request & 0xffff) == CREATE_SPAPR_TCE) {
		errno = ENOMEM;
		return -1;
	}
	return syscall(SYS_ioctl, fd, request, argument);
}
