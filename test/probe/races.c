/* Programs that keep changing what another reads, or keep looking at what another starts. They say how often they did. */
#include "probe.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE 2
#endif

enum { MAX_SEEN = 64, SEEN_LENGTH = 160, HIGHEST_FD = 64 };

static char seen[MAX_SEEN][SEEN_LENGTH];
static int seen_count;

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Two names change places as fast as they can. */
int exchange(const char *a, const char *b, long ms)
{
	long end = now_ms() + ms, count = 0;

	do {
		for (int i = 0; i < 64; i++, count++) {
			if (syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) < 0) {
				printf("exchange: %s\n", outcome(-1));
				return 1;
			}
		}
	} while (now_ms() < end);
	printf("exchanged %ld\n", count);
	return 0;
}

/* Every process makes more, each of which does the same. The first says how often it was refused one. */
int bomb(long ms)
{
	long end = now_ms() + ms, refused = 0;
	int first = getpid();

	signal(SIGCHLD, SIG_IGN);
	while (now_ms() < end) {
		if (fork() >= 0)
			continue;
		refused++;
		/* All of them are there: what is measured is not who gets the processor. */
		usleep(1000);
	}
	if (getpid() == first)
		printf("refused %ld\n", refused);
	return 0;
}

static void note(const char *what, const char *value)
{
	char line[SEEN_LENGTH];

	snprintf(line, sizeof(line), "%s %s", what, value);
	for (int i = 0; i < seen_count; i++)
		if (!strcmp(seen[i], line))
			return;
	if (seen_count < MAX_SEEN)
		strcpy(seen[seen_count++], line);
}

/* What it is called just then, for who reads the list. */
static void read_name(int process, char name[16])
{
	int fd = openat(process, "comm", O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, name, 15);

	name[got > 0 ? got - 1 : 0] = '\0';
	if (fd >= 0)
		close(fd);
}

/* The name of what a link of /proc leads to, when the kernel lets us look. */
static void note_link(int process, const char *link)
{
	char target[PATH_MAX], what[64], name[16];
	ssize_t length = readlinkat(process, link, target, sizeof(target) - 1);

	if (length < 0)
		return;
	target[length] = '\0';
	read_name(process, name);
	snprintf(what, sizeof(what), "%s: %s", name, strncmp(link, "fd/", 3) ? link : "fd");
	note(what, target);
}

/* init's own root is told by what it keeps in it. */
static void note_root(int process, const char *link)
{
	struct stat stat;
	char path[64];

	snprintf(path, sizeof(path), "%s/apps", link);
	if (fstatat(process, path, &stat, 0) == 0)
		note(link, "of init");
}

static void look_into(int pid)
{
	char link[64];
	int process;

	snprintf(link, sizeof(link), "/proc/%d", pid);
	process = open(link, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (process < 0)
		return;
	note_link(process, "exe");
	note_root(process, "root");
	note_root(process, "cwd");
	for (int fd = 0; fd < HIGHEST_FD; fd++) {
		snprintf(link, sizeof(link), "fd/%d", fd);
		note_link(process, link);
	}
	close(process);
}

/* Looks into every other process of the pod, again and again, and says what was to be seen. */
int hunt(long ms)
{
	long end = now_ms() + ms, rounds = 0, looks = 0;
	int self = getpid();

	do {
		DIR *proc = opendir("/proc");
		struct dirent *entry;

		while (proc && (entry = readdir(proc))) {
			int pid = atoi(entry->d_name);

			if (pid <= 0 || pid == self)
				continue;
			look_into(pid);
			looks++;
		}
		if (proc)
			closedir(proc);
		rounds++;
	} while (now_ms() < end);
	json_open(NULL, '{');
	json_number("rounds", rounds);
	json_number("looks", looks);
	json_open("seen", '[');
	for (int i = 0; i < seen_count; i++)
		json_string(NULL, seen[i]);
	json_close(']');
	json_close('}');
	json_end();
	return 0;
}
