/* Making processes: a clone, then a tape played in the child up to its execve. */
#include "stage1.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/epoll.h>

/* clone3 used like fork: returns 0 in the child. Signal handlers are reset; the mask is inherited. */
long spawn(u64 flags, long cgroup, s32 *pidfd)
{
	struct clone_args args = {
		.flags = flags | CLONE_CLEAR_SIGHAND,
		.exit_signal = SIGCHLD,
	};

	if (cgroup >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (u64)cgroup;
	}
	if (pidfd) {
		args.flags |= CLONE_PIDFD;
		args.pidfd = (u64)(uintptr_t)pidfd;
	}
	return sys2(__NR_clone3, &args, sizeof(args));
}

static void play_in_child(const struct program *p, u32 tape, s64 *regs)
{
	struct report report;

	program_play(p, tape, regs, &report.fault);
	/* Only reached when an op failed, or no execve on the tape found the program. */
	sys3(__NR_write, regs[R_REPORT], &report, sizeof(report));
	sys_exit(report.fault.err == ENOENT || report.fault.err == ENOTDIR ? EXIT_NOT_FOUND : EXIT_NOT_RUNNABLE);
}

/* Sets the pid namespace for future children: the given one, or with -1 init's own. Returns 0, or minus errno. */
static long bear_in(const struct init *in, s32 pids)
{
	long own;
	long ret;

	if (pids >= 0)
		return sys2(__NR_setns, pids, CLONE_NEWPID);
	own = sys4(__NR_openat, in->regs[R_PROC], "self/ns/pid", O_RDONLY | O_CLOEXEC, 0);
	ret = own < 0 ? own : sys2(__NR_setns, own, CLONE_NEWPID);
	sys_close(own);
	return ret;
}

/*
 * Returns the child's pid, or minus errno; *report is a pipe that ends when the child has become the program. The child is
 * made in the namespaces of a running app; with NULL, in those that its tape makes.
 */
long start_process(struct init *in, const struct program *p, u32 tape, const s32 *stdio,
		   const struct app *inside, s32 *report)
{
	s32 pids = inside ? inside->pid_namespace : -1;
	const struct tape_entry *entry = &p->tapes[tape];
	s32 pipe[2];
	long pid = sys2(__NR_pipe2, pipe, O_CLOEXEC | O_NONBLOCK);

	if (pid < 0)
		return pid;
	pid = pids < 0 ? 0 : bear_in(in, pids);
	if (pid == 0)
		pid = spawn(entry->clone_flags, entry->cgroup_reg < 0 ? -1 : (long)in->regs[entry->cgroup_reg], NULL);
	if (pid == 0) {
		in->regs[R_STDIN] = stdio[0];
		in->regs[R_STDOUT] = stdio[1];
		in->regs[R_STDERR] = stdio[2];
		in->regs[R_REPORT] = pipe[1];
		in->regs[R_APP_MOUNT_NAMESPACE] = inside ? inside->mount_namespace : -1;
		play_in_child(p, tape, in->regs);
	}
	sys_close(pipe[1]);
	/* init could not start anything in its own namespace any more. */
	if (pids >= 0 && bear_in(in, -1) < 0)
		apps_stop(in, 0);
	if (pid < 0)
		sys_close(pipe[0]);
	else
		*report = pipe[0];
	return pid;
}

/* 1: the child reported a fault; 0: it has executed (or ended) without one; -1: nothing yet. */
int read_report(s32 fd, struct report *report)
{
	long n = sys3(__NR_read, fd, report, sizeof(*report));

	if (n == -EAGAIN || n == -EINTR)
		return -1;
	return n == sizeof(*report);
}

long watch(struct init *in, s32 fd, enum watch kind, u32 index, int on)
{
	struct epoll_event event = { .events = kind == WATCH_ROOM ? EPOLLOUT : EPOLLIN, .data.u64 = (u64)kind << 32 | index };
	u32 tries = 0;
	long ret;

	/* After the retries, a descriptor that cannot be watched only loses its events; no one is left to report it to. */
	do
		ret = sys4(__NR_epoll_ctl, in->epoll, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, fd, &event);
	while (is_shortage(ret, &tries));
	return ret;
}
