/* The control socket: requests to init. Only the pod's owner on the host can enter the socket's directory. */
#include "stage1.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

static void answer(struct session *s, enum message_type type, s32 a, s32 b, s32 c)
{
	struct message m = { .type = type, .app = -1, .a = a, .b = b, .c = c };

	if (s->sock >= 0)
		message_send(s->sock, &m, NULL);
}

static void hang_up(struct init *in, u32 index)
{
	struct session *s = &in->sessions[index];

	if (s->sock >= 0) {
		watch(in, s->sock, WATCH_SESSION, index, 0);
		sys_close(s->sock);
	}
	s->sock = -1;
	attach_leave(in, index);
	/* A process that outlives its client keeps the slot until it is reaped. */
	s->used = s->pid > 0;
}

static void admit(struct init *in, u32 index, s32 sock)
{
	struct session *s = &in->sessions[index];
	long ret = watch(in, sock, WATCH_SESSION, index, 1);

	*s = (struct session){ .used = 1, .sock = sock, .report = -1, .app = -1, .out = -1, .err = -1 };
	/* A client that is not watched would wait for an answer forever. */
	if (ret >= 0)
		return;
	answer(s, MSG_REFUSED, 0, 0, (s32)-ret);
	hang_up(in, index);
}

/* A client that came with the pod: its requests are handled before any app starts. */
void control_admit_first(struct init *in)
{
	u32 flags = 0;

	for (u32 i = 0; i < in->program.header->apps_count; i++)
		flags |= in->program.apps[i].flags;
	if (!(flags & APP_FIRST_CLIENT) || in->regs[R_POD_STDIN] < 0)
		return;
	admit(in, 0, (s32)in->regs[R_POD_STDIN]);
	in->regs[R_POD_STDIN] = -1;
	for (int i = 0; i < FIRST_REQUESTS; i++)
		session_request(in, 0);
}

/* The monitor sends one kind of request: to stop. It has the last place, which a client gets when the monitor is gone. */
void control_admit_monitor(struct init *in, s32 sock)
{
	admit(in, MAX_SESSIONS - 1, sock);
}

/* The pod was frozen for that long. */
static void postpone(struct init *in, s64 frozen_ns)
{
	if (frozen_ns <= 0 || (u64)frozen_ns >= clock_ns(CLOCK_MONOTONIC))
		return;
	probes_postpone(in, (u64)frozen_ns);
	apps_postpone(in, (u64)frozen_ns);
	metadata_postpone(in, (u64)frozen_ns);
}

/* There is no session for it. What it says of a pause counts all the same: it is not said again. */
static void turn_away(struct init *in, s32 sock)
{
	s32 fds[MAX_MESSAGE_FDS];
	struct message m;

	if (message_receive(sock, &m, fds, MSG_DONTWAIT) == 1) {
		if (m.type == MSG_RESUMED)
			postpone(in, m.d);
		while (m.fds > 0)
			sys_close(fds[--m.fds]);
	}
	answer(&(struct session){ .sock = sock }, MSG_REFUSED, 0, 0, EUSERS);
	sys_close(sock);
}

static void take_in(struct init *in, s32 sock)
{
	for (u32 i = 0; i < MAX_SESSIONS; i++) {
		if (in->sessions[i].used)
			continue;
		admit(in, i, sock);
		session_request(in, i);
		return;
	}
	turn_away(in, sock);
}

/*
 * Takes all that wait, and their requests, in the same turn: the last may say how long the pod was frozen, and no deadline may
 * pass before init knows that.
 */
void control_accept(struct init *in)
{
	for (u32 taken = 0; taken < EVENTS_A_TURN; taken++) {
		long sock = listener_accept(in, &in->control, WATCH_CONTROL);

		if (sock < 0)
			return;
		take_in(in, (s32)sock);
	}
}

/* Sessions that last: executed processes and attached clients. */
u32 sessions_busy(const struct init *in)
{
	u32 count = 0;

	for (u32 i = 0; i < MAX_SESSIONS; i++)
		count += in->sessions[i].pid > 0 || in->sessions[i].app >= 0;
	return count;
}

/* Opens a new pseudo-terminal inside the pod; the answer carries its master. */
static long open_terminal(struct init *in, struct session *s)
{
	struct message m = { .type = MSG_DONE, .app = -1, .fds = 1 };
	s32 master = (s32)terminal_master(in);
	long ret = master;

	if (master >= 0)
		ret = message_send(s->sock, &m, &master);
	sys_close(master);
	return ret < 0 ? ret : 1;
}

static long attach_client(struct init *in, u32 index, struct message *m, const s32 *fds)
{
	long ret = attach(in, index, m, fds);
	s32 can = 0;

	if (ret < 0)
		return ret;
	m->fds = 0;
	if (in->program.apps[m->app].flags & APP_TERMINAL)
		can |= CLIENT_TERMINAL;
	if (takes_input(in, (u32)m->app))
		can |= CLIENT_INPUT;
	answer(&in->sessions[index], MSG_DONE, can, 0, 0);
	return 1;
}

/* 0: answer DONE; 1: answered already, or later; minus errno: refused. */
static long perform(struct init *in, u32 index, struct message *m, const s32 *fds)
{
	struct session *s = &in->sessions[index];
	long ret;

	switch (m->type) {
	case MSG_EXEC:
		ret = session_exec(in, index, m, fds);
		return ret < 0 ? ret : 1;
	case MSG_SIGNAL:
		if (m->a < 1 || m->a > 64 || m->app < -2 || m->app >= (s32)in->program.header->apps_count)
			return -EINVAL;
		/* -2: the process of this session; with b, its process group, which it leads. */
		if (m->app == -2)
			return s->pid > 0 ? sys2(__NR_kill, m->b ? -s->pid : s->pid, m->a) : -ESRCH;
		return app_signal(in, m->app, m->a);
	case MSG_STOP:
		apps_stop(in, m->d);
		return 0;
	case MSG_PTY:
		return open_terminal(in, s);
	case MSG_RESTART:
		if (m->app < -1 || m->app >= (s32)in->program.header->apps_count)
			return -EINVAL;
		return apps_restart(in, m->app, m->d);
	case MSG_ATTACH:
		return attach_client(in, index, m, fds);
	case MSG_RESIZE:
		return terminal_resize(in, m->app, m->a, m->b);
	case MSG_RESUMED:
		postpone(in, m->d);
		return 0;
	default:
		return -ENOSYS;
	}
}

void session_request(struct init *in, u32 index)
{
	struct session *s = &in->sessions[index];
	s32 fds[MAX_MESSAGE_FDS];
	struct message m;
	long ret;

	/* Closed earlier in the same turn. */
	if (s->sock < 0)
		return;
	ret = message_receive(s->sock, &m, fds, MSG_DONTWAIT);
	if (ret == -EAGAIN)
		return;
	if (ret != 1) {
		hang_up(in, index);
		return;
	}
	ret = perform(in, index, &m, fds);
	while (m.fds > 0)
		sys_close(fds[--m.fds]);
	if (ret < 0)
		answer(s, MSG_REFUSED, 0, 0, (s32)-ret);
	else if (ret == 0)
		answer(s, MSG_DONE, 0, 0, 0);
}

static void close_report(struct init *in, u32 index)
{
	struct session *s = &in->sessions[index];

	if (s->report < 0)
		return;
	if (!s->quiet)
		watch(in, s->report, WATCH_SESSION_REPORT, index, 0);
	sys_close(s->report);
	s->report = -1;
}

void session_reported(struct init *in, u32 index)
{
	struct session *s = &in->sessions[index];
	struct report report;
	int failed;

	/* A stale event: the process was reaped earlier in the same turn. */
	if (s->report < 0)
		return;
	failed = read_report(s->report, &report);
	if (failed < 0)
		return;
	close_report(in, index);
	if (failed)
		answer(s, MSG_FAILED, (s32)report.fault.tape, (s32)report.fault.op, report.fault.err);
	else if (!s->quiet)
		answer(s, MSG_STARTED, s->pid, 0, 0);
}

int sessions_reap(struct init *in, s32 pid, int status)
{
	for (u32 i = 0; i < MAX_SESSIONS; i++) {
		struct session *s = &in->sessions[i];

		if (!s->used || s->pid != pid)
			continue;
		if (s->report >= 0)
			session_reported(in, i);
		close_report(in, i);
		oom_of_another(in, s->within, status);
		answer(s, MSG_EXITED, WIFEXITED(status) ? WEXITSTATUS(status) : 0,
		       WIFSIGNALED(status) ? WTERMSIG(status) : 0, 0);
		s->pid = 0;
		/* The client may execute another command over the same connection. */
		s->used = s->sock >= 0;
		return 1;
	}
	return 0;
}
