/*
 * init: PID 1 of the pod. Plays the pod tape, starts the apps, reaps processes, copies the apps' output to log files and
 * answers the control socket. Nothing here is fatal once the first app runs.
 */
#include "stage1.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/prctl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>

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
	/* stage0 may be gone; the pod goes on without it. */
	message_send(in->handoff, &m, NULL);
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

/* Makes what takes the kernel long, in parallel with the monitor's work. */
static int be_born(struct init *in, long from_monitor)
{
	struct message m = { .type = MSG_BORN };

	if (program_find(&in->program, TAPE_BORN) < 0)
		return 0;
	return play(in, TAPE_BORN) < 0 || message_send(from_monitor, &m, NULL) < 0 ? -1 : 0;
}

/* Receives the descriptors that one of the monitor's tapes made, in the order of its ops. */
static int take_registers(struct init *in, enum purpose purpose, long from_monitor)
{
	const struct program *p = &in->program;
	int tape = program_find(p, purpose);
	s32 fds[MAX_MESSAGE_FDS];
	struct message m = { 0 };
	u32 op = 0;

	while (!m.a) {
		s32 seen = 0;
		u32 taken = 0;

		if (message_receive(from_monitor, &m, fds, 0) != 1 || m.type != MSG_HANDOVER || (u32)m.b > HANDOVER_REGS)
			return -1;
		for (; tape >= 0 && seen < m.b && op < p->tapes[tape].ops; op++) {
			const struct tape_op *o = &p->ops[p->tapes[tape].first_op + op];

			if (!(o->flags & OP_HAND_OVER))
				continue;
			if (!((u64)m.d >> seen++ & 1))
				in->regs[o->out] = -1;
			else if (taken < m.fds)
				in->regs[o->out] = fds[taken++];
			else
				return -1;
		}
		if (taken != m.fds || seen != m.b)
			return -1;
	}
	return 0;
}

static int watch_all(struct init *in)
{
	u64 all = ~0ull;

	in->epoll = (s32)sys1(__NR_epoll_create1, EPOLL_CLOEXEC);
	in->signals = (s32)sys4(__NR_signalfd4, -1, &all, sizeof(all), SFD_CLOEXEC | SFD_NONBLOCK);
	if (in->epoll < 0 || in->signals < 0)
		return -1;
	/* A pod without these two could not be stopped. */
	if (watch(in, in->signals, WATCH_SIGNALS, 0, 1) < 0)
		return -1;
	in->control.fd = (s32)in->regs[R_CONTROL];
	if (in->control.fd >= 0 && watch(in, in->control.fd, WATCH_CONTROL, 0, 1) < 0)
		return -1;
	return metadata_open(in);
}

/* Reaps a limited number, so that an app that makes endless orphans cannot hold up everything else. */
static void reap(struct init *in)
{
	int status;
	long pid;

	in->more_to_reap = 0;
	for (int n = 0; n < REAPS_A_TURN; n++) {
		pid = sys4(__NR_wait4, -1, &status, WNOHANG | __WALL, NULL);
		if (pid <= 0)
			return;
		if (!apps_reap(in, (s32)pid, status) && !hooks_reap(in, (s32)pid, status) &&
		    !commands_reap(in, (s32)pid, status))
			sessions_reap(in, (s32)pid, status);
	}
	in->more_to_reap = 1;
}

/*
 * Every signal but SIGCHLD is ignored. None shows that it comes from outside: a process of the pod can claim any sender with
 * rt_sigqueueinfo(2), or have the kernel lose the sender by queueing as many signals as it may. See says_stop() of the monitor.
 */
static void read_signals(struct init *in)
{
	struct signalfd_siginfo infos[SIGNALS_A_TURN];

	/* If signals are left, the descriptor stays readable. */
	sys3(__NR_read, in->signals, infos, sizeof(infos));
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
	case WATCH_HOOK:
		log_pump(in, index, &in->apps[index].hook.out, 0);
		break;
	case WATCH_ERR:
		log_pump(in, index, &in->apps[index].err, 0);
		break;
	case WATCH_CLIENT:
		input_pump(in, index);
		break;
	case WATCH_ROOM:
		input_room(in, index);
		break;
	case WATCH_METADATA:
		metadata_accept(in);
		break;
	case WATCH_METADATA_CLIENT:
		metadata_client_event(in, index);
		break;
	case WATCH_PROBE:
		ask_event(in, index);
		break;
	}
}

/* Tells stage0, once, that every app has started. */
static void announce(struct init *in)
{
	if (in->announced)
		return;
	for (u32 i = 0; i < in->program.header->apps_count; i++) {
		if (in->apps[i].state <= APP_STARTING)
			return;
	}
	in->announced = 1;
	tell_stage0(in, MSG_STARTED, -1, NULL);
	in->handoff = -1;
	/* Closes init's end but keeps the number in use: stage2 puts the report pipe there in every child. */
	sys3(__NR_dup3, in->signals, HANDOFF_FD, O_CLOEXEC);
	/* No app is left to start, except those that restart. */
	program_rest(&in->program);
}

/*
 * Handles everything that is ready now: epoll(7) returns ready descriptors in turn, and the message that a pause is over
 * must not be left behind sixteen pipes when deadlines are checked. Less than 0: nothing was done.
 */
static long dispatch_ready(struct init *in, int timeout_ms)
{
	struct epoll_event events[16];
	long n = ARRAY_SIZE(events);

	for (u32 seen = 0; n == ARRAY_SIZE(events) && seen < EVENTS_A_TURN; seen += (u32)n, timeout_ms = 0) {
		n = sys6(__NR_epoll_pwait, in->epoll, (long)events, ARRAY_SIZE(events), timeout_ms, 0, 8);
		if (n < 0)
			return seen == 0 ? n : 0;
		for (long i = 0; i < n; i++)
			dispatch(in, events[i].data.u64);
	}
	return 0;
}

static void supervise(struct init *in)
{
	control_admit_first(in);
	apps_start_ready(in);
	announce(in);
	while (!apps_done(in)) {
		int timeout_ms;

		in->turn_at = clock_ns(CLOCK_MONOTONIC);
		timeout_ms = metadata_timeout_ms(in, apps_timeout_ms(in));
		/* The pod was frozen and thawed: handle messages sent meanwhile before checking deadlines. */
		if (dispatch_ready(in, timeout_ms) == -EINTR)
			continue;
		if (in->more_to_reap)
			reap(in);
		listener_advance(in, &in->control, WATCH_CONTROL);
		metadata_advance(in);
		hooks_advance(in);
		probes_advance(in);
		apps_advance_stop(in);
		apps_advance_restart(in);
		apps_start_ready(in);
		announce(in);
	}
	for (u32 i = 0; i < in->program.header->apps_count; i++)
		log_settle(in, i);
}

/* No descriptor is open yet; 0 would mean descriptor 0. */
static void forget_all(struct init *in)
{
	for (u32 i = 0; i < MAX_SESSIONS; i++)
		in->sessions[i] = (struct session){ .sock = -1, .report = -1, .app = -1, .out = -1, .err = -1 };
	for (u32 i = 0; i < MAX_CLIENTS; i++)
		in->metadata.clients[i].fd = -1;
	for (u32 i = 0; i < in->program.header->probes_count; i++)
		in->probes[i] = (struct probe){ .fd = -1, .report = -1 };
	/* Only the apps that exist: pages that are never written to take no memory. */
	for (u32 i = 0; i < in->program.header->apps_count; i++) {
		in->apps[i] = (struct app){ .report = -1, .mount_namespace = -1, .pid_namespace = -1, .input = -1, .slave = -1,
					    .out.fd = -1, .err.fd = -1, .log.fd = -1 };
		in->apps[i].hook = (struct hook_run){ .report = -1, .out.fd = -1 };
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
	forget_all(in);
	if (be_born(in, from_monitor) < 0 || take_registers(in, TAPE_BASE, from_monitor) < 0 ||
	    play(in, TAPE_TREE) < 0 || take_registers(in, TAPE_LEAVES, from_monitor) < 0 ||
	    take_registers(in, TAPE_LINK, from_monitor) < 0 || play(in, TAPE_NETWORK) < 0 ||
	    take_registers(in, TAPE_ATTACH, from_monitor) < 0)
		return EXIT_POD_FAILED;
	if (play(in, TAPE_POD) < 0 || watch_all(in) < 0)
		return EXIT_POD_FAILED;
	t = EVENT(line, "pod-started");
	in->journal.pin = &in->journal.pod[0];
	event_end(in, &t, line);
	control_admit_monitor(in, (s32)from_monitor);
	supervise(in);
	/* The monitor, which records the end of a killed init, may be gone. */
	record_final(in->regs, in->exit_code << 8);
	return in->exit_code;
}
