/* An app's own cgroup: contains all of its processes and everything they forked. */
#include "stage1.h"

#include <fcntl.h>
#include <signal.h>

enum { LEAF_BYTES = 1024, PASSES = 32 };

/* Reads the pids in the app's cgroup as text; 0 bytes when it is empty or cannot be read. */
static long read_leaf(const struct init *in, u32 index, char *to, size_t size)
{
	const struct tape_app *t = &in->program.apps[index];
	s32 leaf = in->program.tapes[t->start].cgroup_reg;
	long fd;
	long n;

	if (leaf < 0 || in->regs[leaf] < 0)
		return t->procs_reg < 0 ? 0 : sys4(__NR_pread64, in->regs[t->procs_reg], to, size, 0);
	fd = sys4(__NR_openat, in->regs[leaf], "cgroup.procs", O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return 0;
	n = sys4(__NR_pread64, fd, to, size, 0);
	sys_close(fd);
	return n;
}

/* Without cgroup.kill, kills the processes one by one. The last pid may be cut off, and is left for the next pass. */
static void kill_each(const char *text, long n)
{
	s32 pid = 0;

	for (long i = 0; i < n; i++) {
		if (text[i] >= '0' && text[i] <= '9') {
			pid = pid * 10 + (text[i] - '0');
			continue;
		}
		if (pid > 1)
			sys2(__NR_kill, pid, SIGKILL);
		pid = 0;
	}
}

/* Makes one pass. Returns 1 when there was nothing to kill. */
int leaf_kill(struct init *in, u32 index)
{
	char text[LEAF_BYTES];
	long n = read_leaf(in, index, text, sizeof(text));

	if (n <= 0)
		return 1;
	kill_each(text, n);
	return 0;
}

/*
 * Kills all processes of the app. In Linux 6.14 to 6.18 at least, a process cloned into a cgroup whose cgroup.kill was ever
 * written is killed at birth, unless its parent's cgroup.kill was written as often. So cgroup.kill is used only in a pod
 * that starts nothing any more.
 */
void kill_group(struct init *in, u32 index)
{
	s32 reg = in->program.apps[index].kill_reg;

	if (in->stopping && in->program.apps[index].hooks[HOOK_POST_STOP] < 0 && reg >= 0 && in->regs[reg] >= 0) {
		sys3(__NR_write, in->regs[reg], "1", 1);
		return;
	}
	/* Processes that fork faster than they are killed get 32 passes here, and more before the app is started again. */
	for (int pass = 0; pass < PASSES && !leaf_kill(in, index); pass++)
		;
}
