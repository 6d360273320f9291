/* Subcommands that use resources or end in some way, for tests of limits, exit codes and supervision. */
#include "probe.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/mman.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096

static int allocate(long megabytes)
{
	size_t size = (size_t)megabytes << 20;
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED) {
		printf("mmap: %s\n", outcome(-1));
		return 1;
	}
	for (size_t i = 0; i < size; i += PAGE)
		memory[i] = 1;
	printf("allocated %ld MB\n", megabytes);
	return 0;
}

/* Maps huge pages of 2 MB one by one, and says how many there were before the kernel refused. */
static int map_huge(long count)
{
	const char *refusal = "ok";
	long made = 0;

	for (; made < count; made++) {
		char *page = mmap(NULL, 2 << 20, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_HUGE_2MB, -1, 0);

		if (page == MAP_FAILED) {
			refusal = outcome(-1);
			break;
		}
		page[0] = 1;
	}
	printf("mapped %ld: %s\n", made, refusal);
	return 0;
}

static int hold(void);

/*
 * Children that wait to be killed; says how many there were before the kernel refused. They end at once, or with `stay` when the
 * parent is told to.
 */
static int fork_many(long count, int stay)
{
	pid_t *children = calloc(count ? count : 1, sizeof(*children));
	const char *refusal = "ok";
	long made = 0;

	while (made < count) {
		pid_t child = fork();

		if (child == 0)
			for (;;)
				pause();
		if (child < 0) {
			refusal = outcome(-1);
			break;
		}
		children[made++] = child;
	}
	printf("forked %ld: %s\n", made, refusal);
	if (stay)
		hold();
	for (long i = 0; i < made; i++) {
		kill(children[i], SIGKILL);
		waitpid(children[i], NULL, 0);
	}
	free(children);
	return 0;
}

static long milliseconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Uses a processor for that much time of the wall clock, and says how much of it was given. */
static int burn(long wall_ms)
{
	long start = milliseconds(CLOCK_MONOTONIC);

	while (milliseconds(CLOCK_MONOTONIC) - start < wall_ms)
		;
	printf("burned %ld ms of %ld\n", milliseconds(CLOCK_PROCESS_CPUTIME_ID), wall_ms);
	return 0;
}

/* Grandchildren that outlive their parents for a moment: PID 1 must reap them. */
static int orphan_many(long count)
{
	for (long i = 0; i < count; i++) {
		pid_t child = fork();

		if (child == 0) {
			if (fork() == 0)
				usleep(50000);
			_exit(0);
		}
		waitpid(child, NULL, 0);
	}
	printf("orphaned %ld\n", count);
	return 0;
}

static int spam(long bytes)
{
	char block[PAGE];

	memset(block, 'x', sizeof(block));
	for (int i = 79; i < PAGE; i += 80)
		block[i] = '\n';
	while (bytes > 0) {
		ssize_t wrote = write(1, block, bytes < PAGE ? (size_t)bytes : PAGE);

		if (wrote < 0 && errno != EINTR)
			return 1;
		bytes -= wrote > 0 ? wrote : 0;
	}
	return 0;
}

/*
 * Writes a file until it has so many bytes, and says how many it had when the kernel refused. It would rather have it in no
 * project, which the kernel is to refuse as well.
 */
static int fill(const char *path, long bytes)
{
	struct fsxattr none = { 0 };
	char block[PAGE] = { 0 };
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	const char *refusal = "ok";
	long made = 0;

	ioctl(fd, FS_IOC_FSSETXATTR, &none);
	while (fd >= 0 && made < bytes) {
		ssize_t wrote = write(fd, block, sizeof(block));

		if (wrote < 0)
			break;
		made += wrote;
	}
	if (made < bytes)
		refusal = outcome(-1);
	printf("filled %ld: %s\n", made, refusal);
	return 0;
}

/* Waits for SIGTERM, then says so and ends well. */
static int hold(void)
{
	sigset_t set;
	int got;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	puts("holding");
	fflush(stdout);
	sigwait(&set, &got);
	puts("told to stop");
	return 0;
}

/* Memory that is in use and cannot be reclaimed, until SIGTERM. */
static int keep(long megabytes)
{
	return allocate(megabytes) || hold();
}

static int die_by(long signal_number)
{
	signal(signal_number, SIG_DFL);
	raise(signal_number);
	return 0;
}

int run_load(int argc, char **argv)
{
	const char *name = argv[1];
	long amount = argc > 2 ? strtol(argv[2], NULL, 10) : 0;

	if (!strcmp(name, "time-filter") && argc > 2)
		return time_filter(argv[2]);
	if (!strcmp(name, "alloc"))
		return allocate(amount);
	if (!strcmp(name, "fork"))
		return fork_many(amount, 0);
	if (!strcmp(name, "brood"))
		return fork_many(amount, 1);
	if (!strcmp(name, "huge"))
		return map_huge(amount);
	if (!strcmp(name, "burn"))
		return burn(amount);
	if (!strcmp(name, "exit"))
		return amount;
	if (!strcmp(name, "signal"))
		return die_by(amount);
	if (!strcmp(name, "orphans"))
		return orphan_many(amount);
	if (!strcmp(name, "fill") && argc > 3)
		return fill(argv[2], strtol(argv[3], NULL, 10));
	if (!strcmp(name, "spam"))
		return spam(amount);
	if (!strcmp(name, "hold"))
		return hold();
	if (!strcmp(name, "keep"))
		return keep(amount);
	if (!strcmp(name, "serve"))
		return serve(amount);
	if (!strcmp(name, "fetch") && argc > 3)
		return fetch(argv[2], strtol(argv[3], NULL, 10));
	return -1;
}
