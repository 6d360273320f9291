/* Further processes of a running app, requested by a client and made by a tape of their own. */
#include "stage1.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* Where the tape of an exec is verified and played: init allocates nothing after start-up. */
static u8 exec_image[MAX_EXEC_TAPE] __attribute__((aligned(4096)));

static long load_exec(struct init *in, struct program *p, s32 fd)
{
	struct stat st;

	if (sys2(__NR_fstat, fd, &st) < 0 || st.st_size <= 0 || st.st_size > MAX_EXEC_TAPE)
		return -E2BIG;
	if (sys4(__NR_pread64, fd, exec_image, st.st_size, 0) != st.st_size)
		return -EIO;
	if (program_load(p, exec_image, (size_t)st.st_size) < 0 || p->header->tapes_count != 1 ||
	    p->tapes[0].purpose != TAPE_EXEC)
		return -EINVAL;
	for (u32 i = in->program.header->regs; i < p->header->regs; i++)
		in->regs[i] = -1;
	return 0;
}

/* During the clone, init takes on the attributes that the app's processes can only inherit. */
long start_like(struct init *in, u32 app, const struct program *p, u32 tape, const s32 *stdio, s32 *report)
{
	const struct tape_app *t = &in->program.apps[app];
	struct fault fault;
	long pid;

	if (!played(in, t->before, &fault))
		return -fault.err;
	pid = start_process(in, p, tape, stdio, &in->apps[app], report);
	/* Attributes that init cannot drop must not reach other processes: the command is killed, and its client sees that. */
	if (!played(in, t->after, &fault) && pid > 0)
		sys2(__NR_kill, pid, SIGKILL);
	return pid;
}

/* The client closed its end: init was stopped, and the client did not wait until it continued. */
static int client_gave_up(const struct session *s)
{
	u8 next;

	return sys6(__NR_recvfrom, s->sock, (long)&next, 1, MSG_PEEK | MSG_DONTWAIT, 0, 0) == 0;
}

/*
 * Descriptors: the tape, then standard input, output and error. With `a`, the client is told only of a failure and of the
 * end.
 */
long session_exec(struct init *in, u32 index, const struct message *m, const s32 *fds)
{
	struct session *s = &in->sessions[index];
	struct program p;
	long ret;

	if (m->fds != 4 || s->pid > 0 || s->app >= 0 || m->app < 0 || (u32)m->app >= in->program.header->apps_count)
		return -EINVAL;
	if (in->apps[m->app].state != APP_RUNNING || in->apps[m->app].mount_namespace < 0)
		return -ESRCH;
	if (sessions_busy(in) >= MAX_SESSIONS - REQUEST_SESSIONS)
		return -EUSERS;
	if (client_gave_up(s))
		return -EPIPE;
	ret = load_exec(in, &p, fds[0]);
	if (ret < 0)
		return ret;
	ret = start_like(in, (u32)m->app, &p, 0, fds + 1, &s->report);
	/* The child has its own copy, so the pages can be freed. */
	sys3(__NR_madvise, exec_image, sizeof(exec_image), MADV_DONTNEED);
	if (ret < 0)
		return ret;
	s->pid = (s32)ret;
	s->within = (u32)m->app;
	s->quiet = m->a != 0;
	/* A failure report stays in the pipe until the process is reaped. */
	if (!s->quiet)
		watch(in, s->report, WATCH_SESSION_REPORT, index, 1);
	return 0;
}
