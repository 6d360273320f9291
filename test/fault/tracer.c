/*
 * Stands in stage1's place and runs the real one under ptrace(2): the N-th system call of its monitor, its init or an app is the
 * last one, or fails with an errno the kernel did not give. POD_TRACER_PLAN names a file: "ROLE ACTION N ERRNO STAGE1 LOG",
 * ROLE 0 monitor, 1 init, 2 an app before its execve; ACTION 0 only writes the calls of the role to LOG, 1 kills, 2 fails.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <linux/elf.h>
#include <linux/ptrace.h>
#include <unistd.h>

enum action { COUNT, KILL, FAIL };
enum { ROLES = 3, TRACEES = 256 };

static struct {
	int role, action, number, err;
	char stage1[512], log[512];
} plan;

static struct tracee {
	pid_t pid;
	int role, calls, failing, executed;
} tracees[TRACEES];
static int seen;
static FILE *trace;

static void read_plan(void)
{
	FILE *file = fopen(POD_TRACER_PLAN, "re");

	if (!file || fscanf(file, "%d %d %d %d %511s %511s", &plan.role, &plan.action, &plan.number, &plan.err,
			    plan.stage1, plan.log) != 6)
		_exit(125);
	fclose(file);
}

/* In the order they appear: the monitor, init, then what init makes. */
static struct tracee *find(pid_t pid)
{
	for (int i = 0; i < seen; i++) {
		if (tracees[i].pid == pid)
			return &tracees[i];
	}
	if (seen == TRACEES)
		_exit(125);
	tracees[seen] = (struct tracee){ .pid = pid, .role = seen < 2 ? seen : 2 };
	return &tracees[seen++];
}

/* The number of the call is replaced by one that does not exist, and its result at the other end by the errno. */
static void set_register(pid_t pid, int nr, long result)
{
#ifdef __x86_64__
	struct user_regs_struct regs;
	struct iovec iov = { &regs, sizeof(regs) };

	if (ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &iov) < 0)
		return;
	if (nr)
		regs.orig_rax = (unsigned long)nr;
	else
		regs.rax = (unsigned long)result;
	ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &iov);
#else
	struct user_regs_struct regs;
	struct iovec iov = { &regs, sizeof(regs) };
	struct iovec number = { &nr, sizeof(nr) };

	if (nr) {
		ptrace(PTRACE_SETREGSET, pid, NT_ARM_SYSTEM_CALL, &number);
		return;
	}
	ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &iov);
	regs.regs[0] = (unsigned long)result;
	ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &iov);
#endif
}

static void entered(struct tracee *t, long nr)
{
	/* The monitor's come after its execve, an app's before. */
	if (t->role != plan.role || t->executed != (t->role == 0))
		return;
	t->calls++;
	if (trace) {
		fprintf(trace, "%ld\n", nr);
		fflush(trace);
	}
	if (t->calls != plan.number)
		return;
	if (plan.action == KILL)
		kill(t->pid, SIGKILL);
	if (plan.action == FAIL) {
		t->failing = 1;
		set_register(t->pid, 0xffff, 0);
	}
}

static void at_call(struct tracee *t)
{
	struct ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, t->pid, sizeof(info), &info) <= 0)
		return;
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
		entered(t, (long)info.entry.nr);
	else if (t->failing) {
		t->failing = 0;
		set_register(t->pid, 0, -plan.err);
	}
}

/* What the tracee is to be sent on with: the signal it stopped for, unless the stop was ours. */
static int stopped(struct tracee *t, int status)
{
	int sig = WSTOPSIG(status), event = status >> 16;

	if (sig == (SIGTRAP | 0x80)) {
		at_call(t);
		return 0;
	}
	if (event == PTRACE_EVENT_EXEC)
		t->executed = 1;
	if (event == PTRACE_EVENT_STOP && (sig == SIGSTOP || sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU)) {
		ptrace(PTRACE_LISTEN, t->pid, 0, 0);
		return -1;
	}
	return event ? 0 : sig;
}

static void watch_over(void)
{
	int status, sig;
	pid_t pid;

	while ((pid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
		if (pid <= 0 || !WIFSTOPPED(status))
			continue;
		sig = stopped(find(pid), status);
		/* An app that has begun is no longer looked at: its speed is its own. */
		if (sig >= 0)
			ptrace(find(pid)->role == 2 && find(pid)->executed ? PTRACE_CONT : PTRACE_SYSCALL, pid, 0, sig);
	}
}

int main(int argc, char **argv)
{
	long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
		       PTRACE_O_TRACEEXEC;
	sigset_t all;
	pid_t child;
	int go[2], status;

	(void)argc;
	read_plan();
	if (plan.action == COUNT)
		trace = fopen(plan.log, "we");
	if (pipe2(go, O_CLOEXEC) < 0)
		return 125;
	child = fork();
	if (child == 0) {
		close(go[1]);
		if (read(go[0], &status, 1) == 1)
			execv(plan.stage1, argv);
		_exit(125);
	}
	/* What the caller waits to see closed is not kept open here. */
	for (int fd = 0; fd < 1024; fd++) {
		if (fd != go[1] && (!trace || fd != fileno(trace)))
			close(fd);
	}
	setsid();
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	if (ptrace(PTRACE_SEIZE, child, 0, options) < 0 || write(go[1], "", 1) != 1)
		return 125;
	find(child);
	watch_over();
	return 0;
}
