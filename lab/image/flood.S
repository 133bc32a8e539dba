/*
 * A hostile guest, loaded in place of its firmware: makes CALLS calls of H_PUT_TCE, each with another LIOBN that is of no
 * device, says so on its console, and then does nothing. So what it issued is known without asking it.
 */
#define CALLS 20000

/* arch/powerpc/include/asm/hvcall.h */
#define H_PUT_TCE 0x20
#define H_PUT_TERM_CHAR 0x58
/* Below those of PCI (from 0x80000000) and not one of VIO's (from 0x71000000). */
#define FIRST_LIOBN 0x60000000

	.org 0x100 /* where the machine starts */
	lis	14, FIRST_LIOBN >> 16
	lis	15, CALLS >> 16
	ori	15, 15, CALLS & 0xffff
	mtctr	15
call:
	li	3, H_PUT_TCE
	mr	4, 14
	li	5, 0
	li	6, 0
	mfctr	16
	sc	1
	mtctr	16
	addi	14, 14, 1
	bdnz	call

	li	3, H_PUT_TERM_CHAR
	li	4, 0 /* the only terminal */
	li	5, 5
	lis	6, 0x646f /* "done\n" */
	ori	6, 6, 0x6e65
	sldi	6, 6, 32
	oris	6, 6, 0x0a00
	sc	1
	b	.
