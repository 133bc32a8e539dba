/*
 * Stands in for guests: calls empty functions with the arguments of the tracepoints kvm_hcall_enter and kvm_hcall_exit,
 * for uprobe events to be put on. All that it does follows from its arguments, so that the test knows what the kernel has
 * seen.
 *
 *   hypercalls THREADS CALLS [PAUSE_EVERY PAUSE_US]
 *
 * Each thread makes CALLS calls: call i is of the hypercall i modulo 5 below. Every fourth goes to userspace and is on LIOBN
 * 0x71000000, the others are on 0x80000000: so a punt with the other's LIOBN was paired wrongly. It prints each thread's id and ends when all are done.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

typedef unsigned long ul;

/* H_PUT_TCE, H_PUT_TCE_INDIRECT, H_STUFF_TCE, H_GET_TCE, and H_CEDE, which is none of ours. */
static const ul REQUESTS[] = {0x20, 0x13c, 0x138, 0x1c, 0xe0};

static long calls;
static long pause_every;
static unsigned pause_us;

__attribute__((noinline, noclone)) void hcall_enter(int vcpu, ul req, ul gpr4, ul gpr5, ul gpr6, ul gpr7)
{
	asm volatile("" ::"r"(vcpu), "r"(req), "r"(gpr4), "r"(gpr5), "r"(gpr6), "r"(gpr7) : "memory");
}

__attribute__((noinline, noclone)) void hcall_exit(int vcpu, ul ret, ul rc)
{
	asm volatile("" ::"r"(vcpu), "r"(ret), "r"(rc) : "memory");
}

static void *vcpu(void *arg)
{
	int id = (int)(long)arg;

	printf("%d\n", (int)gettid());
	for (long i = 0; i < calls; i++) {
		ul req = REQUESTS[i % 5];
		int punted = i % 4 == 0;

		hcall_enter(id, req, punted ? 0x71000000UL : 0x80000000UL, (ul)i << 12, 0, 3);
		hcall_exit(id, punted ? 2 : 0, punted ? req : 0);
		if (pause_every && (i + 1) % pause_every == 0)
			usleep(pause_us);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	long threads = argc > 2 ? atol(argv[1]) : 0;
	pthread_t ids[64];

	if (threads < 1 || threads > 64)
		return 2;
	calls = atol(argv[2]);
	pause_every = argc > 4 ? atol(argv[3]) : 0;
	pause_us = argc > 4 ? (unsigned)atol(argv[4]) : 0;
	for (long i = 0; i < threads; i++)
		pthread_create(&ids[i], NULL, vcpu, (void *)i);
	for (long i = 0; i < threads; i++)
		pthread_join(ids[i], NULL);
	return 0;
}
