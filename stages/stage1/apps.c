/* The apps: started when what they wait for has happened, reaped, stopped in reverse order. */
#include "stage1.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

static const struct tape_app *tape_app(const struct init *in, u32 index)
{
	return &in->program.apps[index];
}

static int played(struct init *in, s32 tape)
{
	struct fault fault;

	return tape < 0 || program_play(&in->program, (u32)tape, in->regs, &fault) == 0;
}

/* All processes of the app, whatever they forked into; only where a version 2 tree has its cgroup. */
static void kill_group(struct init *in, u32 index)
{
	s32 reg = tape_app(in, index)->kill_reg;

	if (reg >= 0 && in->regs[reg] >= 0)
		sys3(__NR_write, in->regs[reg], "1", 1);
}

static void record_exit(struct init *in, u32 index, int oom)
{
	struct app *a = &in->apps[index];
	char line[256];
	struct text t = EVENT(line, "app-exited");

	event_app(&t, in, index);
	FIELD(&t, "code", a->code);
	FIELD(&t, "signal", a->signal);
	FIELD(&t, "oom", oom);
	event_end(in, &t, line);
}

/* The app never ran: what failed is told to stage0 while it listens, and kept in the journal. */
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
	event_end(in, &t, line);
	a->code = fault->err == ENOENT || fault->err == ENOTDIR ? EXIT_NOT_FOUND : EXIT_NOT_RUNNABLE;
	if (in->announced)
		return;
	/* A pod whose apps cannot all start does not start. */
	message_send(in->handoff, &m, NULL);
	in->announced = 1;
	in->exit_code = EXIT_POD_FAILED;
	apps_stop(in, 0);
}

static int open_pipe(struct stream *s, u8 tag, s32 *write_end)
{
	s32 pipe[2];

	if (sys2(__NR_pipe2, pipe, O_CLOEXEC) < 0)
		return -1;
	sys3(__NR_fcntl, pipe[0], F_SETFL, O_NONBLOCK);
	*s = (struct stream){ .fd = pipe[0], .tag = tag };
	*write_end = pipe[1];
	return 0;
}

static void start(struct init *in, u32 index)
{
	const struct tape_app *t = tape_app(in, index);
	struct app *a = &in->apps[index];
	s32 stdio[3] = { (s32)in->regs[R_POD_STDIN], -1, -1 };
	long pid = -EMFILE;

	*a = (struct app){ .state = APP_STARTING, .report = -1, .mount_namespace = -1, .log.fd = -1 };
	a->out.fd = a->err.fd = -1;
	log_open(in, index);
	if (open_pipe(&a->out, 0, &stdio[1]) == 0 && open_pipe(&a->err, 1, &stdio[2]) == 0 && played(in, t->before)) {
		pid = start_process(in, &in->program, t->start, stdio, -1, &a->report);
		if (!played(in, t->after))
			in->stopping = 1;
	}
	sys_close(stdio[1]);
	sys_close(stdio[2]);
	if (pid < 0) {
		struct fault fault = { .tape = t->start, .op = ~0u, .err = (s32)-pid };

		a->state = APP_EXITED;
		fail(in, index, &fault);
		return;
	}
	a->pid = (s32)pid;
	watch(in, a->out.fd, WATCH_OUT, index, 1);
	watch(in, a->err.fd, WATCH_ERR, index, 1);
	watch(in, a->report, WATCH_APP_REPORT, index, 1);
}

/* 1: may start; 0: must wait; -1: never will, because an app it needs completed did not succeed. */
static int readiness(const struct init *in, u32 index)
{
	const struct tape_app *t = tape_app(in, index);

	for (u32 i = 0; i < t->deps; i++) {
		const struct tape_dep *d = &in->program.deps[t->first_dep + i];
		const struct app *other = &in->apps[d->app];

		if (d->condition == AFTER_COMPLETED && other->state == APP_EXITED && (other->code || other->signal))
			return -1;
		if (other->state != APP_EXITED && (d->condition == AFTER_COMPLETED || other->state != APP_RUNNING))
			return 0;
	}
	return 1;
}

static void skip(struct init *in, u32 index)
{
	char line[256];
	struct text t = EVENT(line, "app-skipped");

	in->apps[index].state = APP_EXITED;
	in->apps[index].code = EXIT_POD_FAILED;
	event_app(&t, in, index);
	event_end(in, &t, line);
}

void apps_start_ready(struct init *in)
{
	int changed = 1;

	/* Skipping one app may make others impossible; at most one round for each app. */
	while (changed) {
		changed = 0;
		for (u32 i = 0; i < in->program.header->apps_count && !in->stopping; i++) {
			int ready = in->apps[i].state == APP_WAITING ? readiness(in, i) : 0;

			if (ready > 0)
				start(in, i);
			else if (ready < 0)
				skip(in, i);
			changed |= ready < 0;
		}
	}
}

/* Keeps the app's mount namespace, so that exec is born into it. */
static void hold_mount_namespace(struct init *in, struct app *a)
{
	char path[32];
	struct text t = { path, path + sizeof(path) - 1 };

	put_number(&t, (u64)a->pid, 0);
	put_literal(&t, "/ns/mnt");
	*t.at = 0;
	if (in->regs[R_PROC] >= 0)
		a->mount_namespace = (s32)sys4(__NR_openat, in->regs[R_PROC], path, O_RDONLY | O_CLOEXEC, 0);
}

void app_reported(struct init *in, u32 index)
{
	struct app *a = &in->apps[index];
	struct report report;
	char line[256];
	struct text t;
	int failed = read_report(a->report, &report);

	if (failed < 0)
		return;
	watch(in, a->report, WATCH_APP_REPORT, index, 0);
	sys_close(a->report);
	a->report = -1;
	a->state = APP_RUNNING;
	if (failed) {
		fail(in, index, &report.fault);
		return;
	}
	hold_mount_namespace(in, a);
	t = EVENT(line, "app-started");
	event_app(&t, in, index);
	FIELD(&t, "pid", a->pid);
	event_end(in, &t, line);
}

/* Did the kernel's OOM killer act in the app's cgroup? The line "oom_kill N" of memory.events or memory.oom_control. */
static int oom_killed(const struct init *in, u32 index)
{
	static const char key[] = "oom_kill ";
	s32 reg = tape_app(in, index)->oom_reg;
	char text[512];
	long n;

	if (reg < 0 || in->regs[reg] < 0)
		return 0;
	n = sys4(__NR_pread64, in->regs[reg], text, sizeof(text), 0);
	for (long i = 0; i + (long)sizeof(key) <= n; i++) {
		if ((i == 0 || text[i - 1] == '\n') && memcmp(text + i, key, sizeof(key) - 1) == 0)
			return text[i + (long)sizeof(key) - 1] != '0';
	}
	return 0;
}

int apps_reap(struct init *in, s32 pid, int status)
{
	for (u32 i = 0; i < in->program.header->apps_count; i++) {
		struct app *a = &in->apps[i];

		if (a->pid != pid || (a->state != APP_STARTING && a->state != APP_RUNNING))
			continue;
		if (a->report >= 0)
			app_reported(in, i);
		/* A child killed between clone and execve reports nothing; its end says it all. */
		if (a->code == 0) {
			a->code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
			a->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
		}
		a->state = APP_EXITED;
		log_pump(in, i, &a->out, 1);
		log_pump(in, i, &a->err, 1);
		record_exit(in, i, oom_killed(in, i));
		kill_group(in, i);
		return 1;
	}
	return 0;
}

static int is_needed(const struct init *in, u32 index)
{
	for (u32 i = 0; i < in->program.header->apps_count; i++) {
		const struct tape_app *t = tape_app(in, i);

		if (in->apps[i].state == APP_EXITED)
			continue;
		for (u32 d = 0; d < t->deps; d++) {
			if (in->program.deps[t->first_dep + d].app == index)
				return 1;
		}
	}
	return 0;
}

static u64 grace_ns(const struct init *in, u32 index, s64 grace_ms)
{
	return (grace_ms >= 0 ? (u64)grace_ms : tape_app(in, index)->grace_ms) * 1000000u;
}

/* Begins to stop everything; grace_ms < 0: each app's own. A second call can only make it sooner. */
void apps_stop(struct init *in, s64 grace_ms)
{
	char line[128];
	struct text t;
	u64 now = clock_ns(CLOCK_MONOTONIC);

	if (!in->stopping) {
		t = EVENT(line, "stopping");
		event_end(in, &t, line);
	}
	in->stopping = 1;
	for (u32 i = 0; i < in->program.header->apps_count; i++) {
		struct app *a = &in->apps[i];
		u64 kill_at = now + grace_ns(in, i, grace_ms);

		if (a->state == APP_WAITING)
			skip(in, i);
		if (a->kill_at == 0 || kill_at < a->kill_at)
			a->kill_at = kill_at;
	}
	apps_advance_stop(in);
}

void apps_advance_stop(struct init *in)
{
	u64 now = clock_ns(CLOCK_MONOTONIC);

	for (u32 i = 0; i < in->program.header->apps_count; i++) {
		struct app *a = &in->apps[i];

		if (a->state != APP_STARTING && a->state != APP_RUNNING)
			continue;
		if (!a->stop_sent && !is_needed(in, i)) {
			a->stop_sent = 1;
			sys2(__NR_kill, a->pid, tape_app(in, i)->stop_signal);
			/* A stopped process cannot act on a signal it catches. */
			sys2(__NR_kill, a->pid, SIGCONT);
		}
		if (!a->killed && now >= a->kill_at) {
			a->killed = 1;
			app_signal(in, (s32)i, SIGKILL);
		}
	}
}

int apps_timeout_ms(const struct init *in)
{
	u64 now = clock_ns(CLOCK_MONOTONIC);
	u64 next = 0;

	for (u32 i = 0; in->stopping && i < in->program.header->apps_count; i++) {
		const struct app *a = &in->apps[i];

		if ((a->state == APP_STARTING || a->state == APP_RUNNING) && !a->killed && (!next || a->kill_at < next))
			next = a->kill_at;
	}
	if (!next)
		return -1;
	/* Rounded up: a deadline that has not quite passed must not spin. */
	return next <= now ? 0 : (next - now) / 1000000 >= 86400000 ? 86400000 : (int)((next - now) / 1000000) + 1;
}

int apps_done(const struct init *in)
{
	for (u32 i = 0; i < in->program.header->apps_count; i++) {
		if (in->apps[i].state != APP_EXITED)
			return 0;
	}
	return 1;
}

/* index < 0: every app. Minus ESRCH when nothing runs that could take it. */
long app_signal(struct init *in, s32 index, s32 signal)
{
	long result = -ESRCH;

	for (u32 i = 0; i < in->program.header->apps_count; i++) {
		struct app *a = &in->apps[i];

		if ((index >= 0 && i != (u32)index) || (a->state != APP_STARTING && a->state != APP_RUNNING))
			continue;
		result = sys2(__NR_kill, a->pid, signal);
		if (signal == SIGKILL)
			kill_group(in, i);
	}
	return result;
}
