/* Starting apps. */
#include "stage1.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <time.h>

static const struct tape_app *tape_app(const struct init *in, u32 index)
{
	return &in->program.apps[index];
}

/* True between clone and reaping: only then does the pid certainly belong to the app. */
int app_lives(const struct app *a)
{
	return (a->state == APP_STARTING || a->state == APP_RUNNING) && !a->reaped;
}

int played(struct init *in, s32 tape, struct fault *fault)
{
	return tape < 0 || program_play(&in->program, (u32)tape, in->regs, fault) == 0;
}

/* The app never ran: reports the failure to stage0, while it listens, and to the journal. */
static void fail(struct init *in, u32 index, const struct fault *fault)
{
	struct app *a = &in->apps[index];
	struct message m = {
		.type = MSG_FAILED, .app = (s32)index, .a = (s32)fault->tape, .b = (s32)fault->op, .c = fault->err
	};
	char line[256];
	struct text t = EVENT(line, "app-failed");

	event_app(&t, in, index);
	FIELD(&t, "tape", fault->tape);
	FIELD(&t, "op", fault->op);
	FIELD(&t, "errno", fault->err);
	event_pin(in, index, PIN_END);
	event_end(in, &t, line);
	a->code = fault->err == ENOENT || fault->err == ENOTDIR ? EXIT_NOT_FOUND : EXIT_NOT_RUNNABLE;
	if (in->announced || a->was_started)
		return;
	/* If an app cannot start, the pod does not start. */
	message_send(in->handoff, &m, NULL);
	in->announced = 1;
	in->exit_code = EXIT_POD_FAILED;
	apps_stop(in, 0);
}

/* The clone failed, so nothing of the app is watched yet. */
static void fail_unborn(struct init *in, u32 index, const struct fault *fault)
{
	struct app *a = &in->apps[index];

	sys_close(a->out.fd);
	sys_close(a->err.fd);
	a->out.fd = a->err.fd = -1;
	input_close(in, index);
	a->state = APP_EXITED;
	fail(in, index, fault);
	app_ended(in, index);
}

/* Watches the app's output and its start report. */
static long watch_app(struct init *in, u32 index)
{
	struct app *a = &in->apps[index];
	long ret = watch(in, a->out.fd, WATCH_OUT, index, 1);

	if (ret == 0 && a->err.fd >= 0)
		ret = watch(in, a->err.fd, WATCH_ERR, index, 1);
	return ret < 0 ? ret : watch(in, a->report, WATCH_APP_REPORT, index, 1);
}

/* Without the watches, init would neither learn of the start nor read the output, so the start fails. */
static void fail_unheard(struct init *in, u32 index, s32 err)
{
	const struct fault fault = { .tape = tape_app(in, index)->start, .op = ~0u, .err = err };

	fail(in, index, &fault);
	app_signal(in, (s32)index, SIGKILL);
}

/* Returns the pid or minus errno, with details in fault. *restored: init has its own attributes again. */
static long give_birth(struct init *in, u32 index, s32 *stdio, struct fault *fault, int *restored)
{
	const struct tape_app *t = tape_app(in, index);
	struct app *a = &in->apps[index];
	struct fault after = { 0 };
	long ret;

	*fault = (struct fault){ .tape = t->start, .op = ~0u };
	ret = input_open(in, index, stdio);
	if (ret == 0)
		ret = stream_open(&a->out, 0, &stdio[1]);
	if (ret == 0)
		ret = stream_open(&a->err, 1, &stdio[2]);
	if (ret < 0)
		return ret;
	if (!played(in, t->before, fault))
		return -fault->err;
	*fault = (struct fault){ .tape = t->start, .op = ~0u };
	ret = start_process(in, &in->program, t->start, stdio, NULL, &a->report);
	*restored = played(in, t->after, &after);
	if (ret > 0 && !*restored)
		*fault = after;
	return ret;
}

/* Resets everything about the previous process, except counters that span processes. */
static void forget_process(struct app *a)
{
	a->reaped = a->ready = a->stopping = a->again = a->unhealthy = a->stop_sent = a->killed = a->stuck = 0;
	a->pre_stopped = a->post_stopped = 0;
	a->code = a->signal = 0;
	a->started_at = 0;
}

static void close_report(struct init *in, u32 index)
{
	struct app *a = &in->apps[index];

	if (a->report < 0)
		return;
	watch(in, a->report, WATCH_APP_REPORT, index, 0);
	sys_close(a->report);
	a->report = -1;
}

void app_start(struct init *in, u32 index)
{
	struct app *a = &in->apps[index];
	int begun;

	forget_process(a);
	close_report(in, index);
	log_end(in, index, &a->out);
	log_end(in, index, &a->err);
	log_break(in, index, &a->out);
	log_break(in, index, &a->err);
	if (a->log.fd < 0)
		log_open(in, index);
	a->state = APP_PREPARING;
	begun = hook_begin(in, index, HOOK_PRE_START, ~0ull);
	if (begun == 0)
		app_launch(in, index);
	else if (begun < 0)
		app_hook_done(in, index, EXIT_NOT_RUNNABLE << 8);
}

void app_launch(struct init *in, u32 index)
{
	struct app *a = &in->apps[index];
	s32 stdio[3] = { (s32)in->regs[R_POD_STDIN], -1, -1 };
	struct fault fault;
	int restored = 1;
	long pid;

	a->state = APP_STARTING;
	pid = give_birth(in, index, stdio, &fault, &restored);
	input_given(in, index, stdio);
	if (pid < 0) {
		fault.err = (s32)-pid;
		fail_unborn(in, index, &fault);
	} else {
		a->pid = (s32)pid;
		pid = watch_app(in, index);
		input_room(in, index);
		if (!restored)
			fail(in, index, &fault);
		else if (pid < 0)
			fail_unheard(in, index, (s32)-pid);
	}
	/* Attributes of the app that init could not drop would be inherited by every later child. */
	if (!restored)
		apps_stop(in, 0);
}

static s32 open_namespace(const struct init *in, const struct app *a, const char *kind)
{
	char path[32];
	struct text t = { path, path + sizeof(path) - 1 };

	put_number(&t, (u64)a->pid, 0);
	put_literal(&t, "/ns/");
	put_string(&t, kind, 3);
	*t.at = 0;
	return in->regs[R_PROC] < 0 ? -1 : (s32)sys4(__NR_openat, in->regs[R_PROC], path, O_RDONLY | O_CLOEXEC, 0);
}

/* Keeps the app's namespaces open, so that exec can start processes in them. */
static void hold_namespaces(struct init *in, u32 index)
{
	struct app *a = &in->apps[index];

	a->mount_namespace = open_namespace(in, a, "mnt");
	if (!(in->program.tapes[tape_app(in, index)->start].clone_flags & CLONE_NEWPID))
		return;
	a->pid_namespace = open_namespace(in, a, "pid");
	/* With only one of the two namespaces, a process would see other processes that it cannot reach. */
	if (a->pid_namespace < 0) {
		sys_close(a->mount_namespace);
		a->mount_namespace = -1;
	}
}

static void record_start(struct init *in, u32 index)
{
	struct app *a = &in->apps[index];
	char line[256];
	struct text t = EVENT(line, "app-started");

	event_app(&t, in, index);
	FIELD(&t, "pid", a->pid);
	a->was_started = 1;
	/* A process already reaped in this turn is not probed any more. */
	if (!a->reaped)
		probes_begin(in, index);
	FIELD(&t, "ready", a->ready);
	event_pin(in, index, PIN_START);
	event_end(in, &t, line);
	if (tape_app(in, index)->restart != RESTART_NEVER || tape_app(in, index)->probes)
		a->started_at = clock_ns(CLOCK_MONOTONIC);
}

void app_reported(struct init *in, u32 index)
{
	struct app *a = &in->apps[index];
	struct report report;
	int failed;

	/* A stale event: the process was reaped earlier in the same turn. */
	if (a->report < 0)
		return;
	failed = read_report(a->report, &report);
	if (failed < 0)
		return;
	close_report(in, index);
	if (a->state != APP_STARTING)
		return;
	a->state = APP_RUNNING;
	if (failed) {
		fail(in, index, &report.fault);
		return;
	}
	if (!a->reaped)
		hold_namespaces(in, index);
	record_start(in, index);
	if (a->mount_namespace >= 0)
		hook_begin(in, index, HOOK_POST_START, ~0ull);
}
