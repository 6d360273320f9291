/* The entry point, and the few functions a compiler expects when there is no libc. */
#include "stage1.h"

#ifndef POD_HOSTED
#if defined(__x86_64__)
__asm__(".globl _start\n"
	"_start:\n"
	"	xor %ebp, %ebp\n"
	"	and $-16, %rsp\n"
	"	call start\n");
#else
__asm__(".globl _start\n"
	"_start:\n"
	"	mov x29, #0\n"
	"	mov x30, #0\n"
	"	bl start\n");
#endif

uintptr_t __stack_chk_guard;

__attribute__((noreturn)) void __stack_chk_fail(void);
__attribute__((noreturn)) void start(void);

void __stack_chk_fail(void)
{
	for (;;)
		sys_exit(EXIT_POD_FAILED);
}

/* Has no stack protector itself, because it sets the guard value that the others check. */
__attribute__((noreturn, optimize("no-stack-protector"))) void start(void)
{
	sys3(__NR_getrandom, &__stack_chk_guard, sizeof(__stack_chk_guard), 0);
	for (;;)
		sys_exit(monitor_main());
}

/* Keeps the compiler from turning these loops into calls of the functions themselves. */
#define NOT_ITSELF __attribute__((optimize("no-tree-loop-distribute-patterns")))

NOT_ITSELF void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
	u8 *t = to;
	const u8 *f = from;

	while (n--)
		*t++ = *f++;
	return to;
}

NOT_ITSELF void *memset(void *to, int byte, size_t n)
{
	u8 *t = to;

	while (n--)
		*t++ = (u8)byte;
	return to;
}

NOT_ITSELF int memcmp(const void *a, const void *b, size_t n)
{
	const u8 *x = a;
	const u8 *y = b;

	for (; n; n--, x++, y++) {
		if (*x != *y)
			return *x - *y;
	}
	return 0;
}
#else
int main(void)
{
	return monitor_main();
}
#endif
