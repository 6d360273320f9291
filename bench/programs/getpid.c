/* Prints the nanoseconds that one system call takes which does nothing: the least of many batches. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define CALLS 20000

static long nanoseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000L + now.tv_nsec;
}

int main(int argc, char **argv)
{
	long batches = argc > 1 ? strtol(argv[1], NULL, 10) : 100;
	long least = -1;

	for (long i = 0; i < batches; i++) {
		long start = nanoseconds();

		for (int call = 0; call < CALLS; call++)
			syscall(SYS_getpid);
		start = nanoseconds() - start;
		if (least < 0 || start < least)
			least = start;
	}
	printf("%.2f\n", (double)least / CALLS);
	return 0;
}
