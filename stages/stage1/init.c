/*
 * init: PID 1 of the pod. Plays the pod tape, starts the apps, reaps, pumps their output to log files, answers the control
 * socket. Nothing here is fatal once the first app runs.
 */
#include "stage1.h"

#include <errno.h>
#include <linux/prctl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

static struct init self;

static void tell_stage0(struct init *in, enum message_type type, s32 app, const struct fault *fault)
{
	struct message m = { .type = type, .app = app };

	if (in->handoff < 0)
		return;
	if (fault) {
		m.a = (s32)fault->tape;
		m.b = (s32)fault->op;
		m.c = fault->err;
	}
	/* stage0 may be gone, and the pod goes on without it. */
	message_send(in->handoff, &m, NULL);
}

/* Takes what attach made, in the order of its ops. */
static int take_registers(struct init *in, long from_monitor)
{
	const struct program *p = &in->program;
	int tape = program_find(p, TAPE_ATTACH);
	s32 fds[MAX_MESSAGE_FDS];
	struct message m = { 0 };
	u32 op = 0;

	while (!m.a) {
		u32 taken = 0;

		if (message_receive(from_monitor, &m, fds, 0) != 1 || m.type != MSG_HANDOVER)
			return -1;
		for (; tape >= 0 && taken < m.fds && op < p->tapes[tape].ops; op++) {
			const struct tape_op *o = &p->ops[p->tapes[tape].first_op + op];

			if (o->flags & OP_HAND_OVER && o->out != NO_REG)
				in->regs[o->out] = fds[taken++];
		}
		if (taken != m.fds)
			return -1;
	}
	sys_close(from_monitor);
	return 0;
}

static int play(struct init *in, enum purpose purpose)
{
	struct fault fault;
	int tape = program_find(&in->program, purpose);

	if (tape < 0 || program_play(&in->program, (u32)tape, in->regs, &fault) == 0)
		return 0;
	tell_stage0(in, MSG_FAILED, -1, &fault);
	return -1;
}

static int watch_all(struct init *in)
{
	u64 all = ~0ull;

	in->epoll = (s32)sys1(__NR_epoll_create1, EPOLL_CLOEXEC);
	in->signals = (s32)sys4(__NR_signalfd4, -1, &all, sizeof(all), SFD_CLOEXEC | SFD_NONBLOCK);
	if (in->epoll < 0 || in->signals < 0)
		return -1;
	watch(in, in->signals, WATCH_SIGNALS, 0, 1);
	if (in->regs[R_CONTROL] >= 0)
		watch(in, (s32)in->regs[R_CONTROL], WATCH_CONTROL, 0, 1);
	return 0;
}

static void reap(struct init *in)
{
	int status;
	long pid;

	while ((pid = sys4(__NR_wait4, -1, &status, WNOHANG | __WALL, NULL)) > 0) {
		if (!apps_reap(in, (s32)pid, status))
			sessions_reap(in, (s32)pid, status);
	}
}

static void read_signals(struct init *in)
{
	struct signalfd_siginfo info;

	while (sys3(__NR_read, in->signals, &info, sizeof(info)) == sizeof(info)) {
		/* Only from outside the pod: the monitor passes on what it was sent, seen here as pid 0. */
		if (info.ssi_pid == 0 && (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT ||
					  info.ssi_signo == SIGHUP || info.ssi_signo == SIGQUIT))
			apps_stop(in, -1);
	}
	reap(in);
}

static void dispatch(struct init *in, u64 data)
{
	u32 index = (u32)data;

	switch ((enum watch)(data >> 32)) {
	case WATCH_SIGNALS:
		read_signals(in);
		break;
	case WATCH_CONTROL:
		control_accept(in);
		break;
	case WATCH_SESSION:
		session_request(in, index);
		break;
	case WATCH_APP_REPORT:
		app_reported(in, index);
		break;
	case WATCH_SESSION_REPORT:
		session_reported(in, index);
		break;
	case WATCH_OUT:
		log_pump(in, index, &in->apps[index].out, 0);
		break;
	case WATCH_ERR:
		log_pump(in, index, &in->apps[index].err, 0);
		break;
	}
}

/* Tells stage0, once, that every app has started. */
static void announce(struct init *in)
{
	if (in->announced)
		return;
	for (u32 i = 0; i < in->program.header->apps_count; i++) {
		if (in->apps[i].state == APP_WAITING || in->apps[i].state == APP_STARTING)
			return;
	}
	in->announced = 1;
	tell_stage0(in, MSG_STARTED, -1, NULL);
	sys_close(in->handoff);
	in->handoff = -1;
}

static void supervise(struct init *in)
{
	struct epoll_event events[16];

	apps_start_ready(in);
	announce(in);
	while (!apps_done(in)) {
		long n = sys6(__NR_epoll_pwait, in->epoll, (long)events, ARRAY_SIZE(events), apps_timeout_ms(in), 0, 8);

		for (long i = 0; i < n; i++)
			dispatch(in, events[i].data.u64);
		if (in->stopping)
			apps_advance_stop(in);
		else
			apps_start_ready(in);
		announce(in);
	}
	for (u32 i = 0; i < in->program.header->apps_count; i++) {
		log_pump(in, i, &in->apps[i].out, 1);
		log_pump(in, i, &in->apps[i].err, 1);
	}
}

int init_main(struct program *program, const s64 *regs, long from_monitor)
{
	struct init *in = &self;
	char line[128];
	struct text t;

	sys2(__NR_prctl, PR_SET_NAME, "stage1-init");
	in->program = *program;
	in->handoff = HANDOFF_FD;
	for (u32 i = 0; i < program->header->regs; i++)
		in->regs[i] = regs[i];
	for (u32 i = 0; i < MAX_SESSIONS; i++)
		in->sessions[i] = (struct session){ .sock = -1, .report = -1 };
	if (take_registers(in, from_monitor) < 0 || play(in, TAPE_POD) < 0 || watch_all(in) < 0)
		return EXIT_POD_FAILED;
	t = EVENT(line, "pod-started");
	event_end(in, &t, line);
	supervise(in);
	return in->exit_code;
}
