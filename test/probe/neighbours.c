/* What a pod takes from other pods and the host, and an app from the other apps of its pod. */
#include "probe.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static int take_queue(long n)
{
	struct mq_attr attr = { .mq_maxmsg = 10, .mq_msgsize = 8192 };
	char name[32];

	snprintf(name, sizeof(name), "/probe-%d-%ld", getpid(), n);
	return (int)mq_open(name, O_CREAT | O_RDWR, 0600, &attr);
}

static int take(const char *kind, long n)
{
	const union sigval value = { 0 };

	if (!strcmp(kind, "inotify instances"))
		return inotify_init();
	if (!strcmp(kind, "terminals"))
		return posix_openpt(O_RDWR | O_NOCTTY);
	if (!strcmp(kind, "message queues"))
		return take_queue(n);
	return sigqueue(getpid(), SIGRTMIN, value);
}

/* Takes as many as there are, at most so many; says how many, and holds them until it is killed. */
int use_up(const char *kind, long most)
{
	struct rlimit files;
	sigset_t all;
	long n = 0;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	while (n < most && take(kind, n) >= 0)
		n++;
	printf("took %ld\n", n);
	fflush(stdout);
	for (;;)
		pause();
}

static void fill_queue(void)
{
	const union sigval value = { 0 };
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	while (sigqueue(getpid(), SIGRTMIN, value) == 0)
		;
}

/* Sends PID 1 the same signal over and over, which is pending then when the same one comes from elsewhere. */
int shout(void)
{
	puts("shouting");
	fflush(stdout);
	for (;;)
		kill(1, SIGTERM);
}

/* Tells PID 1 to end the pod, as if the signal came from outside. */
int forge(void)
{
	siginfo_t info = { .si_signo = SIGTERM, .si_code = SI_QUEUE };
	int ends[2];

	json_open(NULL, '{');
	/* si_pid is 0, as of a process that PID 1 cannot see. */
	json_string("queued", outcome(syscall(SYS_rt_sigqueueinfo, 1, SIGTERM, &info)));
	/* A signal for a descriptor that is ready has no sender at all. */
	if (pipe(ends) == 0 && fcntl(ends[0], F_SETSIG, SIGTERM) == 0)
		json_string("for a descriptor", outcome(fcntl(ends[0], F_SETOWN, 1)));
	fcntl(ends[0], F_SETFL, O_ASYNC | O_NONBLOCK);
	json_bool("is ready", write(ends[1], "", 1) == 1);
	/* What the kernel has no room for loses its sender: __send_signal_locked() of linux/kernel/signal.c. */
	fill_queue();
	info.si_pid = getpid();
	json_string("without room", outcome(syscall(SYS_rt_sigqueueinfo, 1, SIGTERM, &info)));
	json_close('}');
	json_end();
	return 0;
}

static long trace(const char *pid, const char *command)
{
	char path[300];
	const char *found;

	snprintf(path, sizeof(path), "/proc/%s/cmdline", pid);
	found = read_file(path);
	if (atoi(pid) < 2 || atoi(pid) == getpid() || !found || strcmp(found, command))
		return -1;
	return ptrace(PTRACE_SEIZE, atoi(pid), NULL, NULL);
}

/* Waits for another process of that program and traces it, so that its end is reported here and not to its parent. */
int seize(const char *command)
{
	for (;;) {
		DIR *proc = opendir("/proc");
		struct dirent *entry;

		while (proc && (entry = readdir(proc))) {
			if (trace(entry->d_name, command) < 0)
				continue;
			puts("traced");
			fflush(stdout);
			for (;;)
				pause();
		}
		closedir(proc);
		usleep(10000);
	}
}
