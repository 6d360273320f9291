/* A probe that runs a command: played in the app, under its isolators, like an exec. */
#include "stage1.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

enum { CHUNK = 16 << 10, READS_A_TURN = 4, READS_TO_DRAIN = 8 };

static u8 chunk[CHUNK];
/* A page is only allocated when its command has written something. */
static u8 said[MAX_PROBES][MAX_SAID];

const u8 *command_output(u32 index)
{
	return said[index];
}

static void unanswered(struct init *in, u32 index, long err)
{
	in->probes[index].state = ASK_NOTHING;
	probe_answered(in, index, TRY_ERRNO, (s32)err);
}

void command_begin(struct init *in, u32 index)
{
	const struct tape_probe *t = &in->program.probes[index];
	struct probe *p = &in->probes[index];
	s32 pipe[2];
	long ret;

	ret = sys2(__NR_pipe2, pipe, O_CLOEXEC);
	if (ret < 0) {
		unanswered(in, index, -ret);
		return;
	}
	sys3(__NR_fcntl, pipe[0], F_SETFL, O_NONBLOCK);
	ret = start_like(in, t->app, &in->program, (u32)t->tape, (s32[]){ -1, pipe[1], pipe[1] }, &p->report);
	sys_close(pipe[1]);
	if (ret < 0) {
		sys_close(pipe[0]);
		unanswered(in, index, -ret);
		return;
	}
	p->pid = (s32)ret;
	p->fd = pipe[0];
	p->state = ASK_COMMAND;
	watch(in, p->fd, WATCH_PROBE, index, 1);
}

/* Reads all output, so that the command never blocks on it; keeps only the beginning. */
static void take_output(struct init *in, u32 index, int reads)
{
	struct probe *p = &in->probes[index];

	for (int i = 0; i < reads && p->fd >= 0; i++) {
		long n = sys3(__NR_read, p->fd, chunk, sizeof(chunk));
		u32 room = MAX_SAID - p->heard;

		if (n == -EAGAIN || n == -EINTR)
			return;
		if (n <= 0) {
			ask_unwatch(in, index);
			return;
		}
		room = (u32)n < room ? (u32)n : room;
		memcpy(said[index] + p->heard, chunk, room);
		p->heard += room;
	}
}

void command_said(struct init *in, u32 index)
{
	take_output(in, index, READS_A_TURN);
}

static void close_all(struct init *in, u32 index)
{
	struct probe *p = &in->probes[index];

	take_output(in, index, READS_TO_DRAIN);
	ask_unwatch(in, index);
	sys_close(p->report);
	p->report = -1;
}

/* The command leads a session, and so a process group: kills everything that it started and that has not left the group. */
void command_kill(struct init *in, u32 index)
{
	struct probe *p = &in->probes[index];

	sys2(__NR_kill, -p->pid, SIGKILL);
	/* The command may not have called setsid yet. */
	sys2(__NR_kill, p->pid, SIGKILL);
	close_all(in, index);
	p->state = ASK_KILLED;
}

static void ended(struct init *in, u32 index, int status)
{
	struct probe *p = &in->probes[index];
	int waited_for = p->state == ASK_COMMAND;
	struct report report;
	int failed = waited_for ? read_report(p->report, &report) : 0;

	/*
	 * What the command has left behind would otherwise add up, try by try. As long as the group has members, nothing else
	 * gets its number; and without any, only after all other numbers.
	 */
	sys2(__NR_kill, -p->pid, SIGKILL);
	close_all(in, index);
	p->pid = 0;
	p->state = ASK_NOTHING;
	if (!waited_for)
		return;
	if (failed > 0)
		probe_answered(in, index, TRY_ERRNO, report.fault.err);
	else if (WIFSIGNALED(status))
		probe_answered(in, index, TRY_SIGNAL, WTERMSIG(status));
	else
		probe_answered(in, index, WEXITSTATUS(status) ? TRY_EXIT : TRY_OK, WEXITSTATUS(status));
}

int commands_reap(struct init *in, s32 pid, int status)
{
	for (u32 i = 0; i < in->program.header->probes_count; i++) {
		if (in->probes[i].pid != pid)
			continue;
		oom_of_another(in, in->program.probes[i].app, status);
		ended(in, i, status);
		return 1;
	}
	return 0;
}
