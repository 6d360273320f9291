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

/* Between its clone and its reaping: the only time its pid is its own. */
int app_lives(const struct app *a)
{
	return (a->state == APP_STARTING || a->state == APP_RUNNING) && !a->reaped;
}

int played(struct init *in, s32 tape, struct fault *fault)
{
	return tape < 0 || program_play(&in->program, (u32)tape, in->regs, fault) == 0;
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

static long open_pipe(struct stream *s, u8 tag, s32 *write_end)
{
	s32 pipe[2];
	long ret = sys2(__NR_pipe2, pipe, O_CLOEXEC);

	if (ret < 0)
		return ret;
	sys3(__NR_fcntl, pipe[0], F_SETFL, O_NONBLOCK);
	*s = (struct stream){ .fd = pipe[0], .tag = tag };
	*write_end = pipe[1];
	return 0;
}

/* Not even a process: nothing of it is watched yet. */
static void fail_unborn(struct init *in, u32 index, const struct fault *fault)
{
	struct app *a = &in->apps[index];

	sys_close(a->out.fd);
	sys_close(a->err.fd);
	a->out.fd = a->err.fd = -1;
	input_close(in, index);
	a->state = APP_EXITED;
	attach_end(in, index);
	fail(in, index, fault);
}

/* The pid, or minus errno; fault says where. *restored: init is again what it was before. */
static long give_birth(struct init *in, u32 index, s32 *stdio, struct fault *fault, int *restored)
{
	const struct tape_app *t = tape_app(in, index);
	struct app *a = &in->apps[index];
	struct fault after = { 0 };
	long ret;

	*fault = (struct fault){ .tape = t->start, .op = ~0u };
	ret = input_open(in, index, stdio);
	if (ret == 0)
		ret = open_pipe(&a->out, 0, &stdio[1]);
	if (ret == 0)
		ret = open_pipe(&a->err, 1, &stdio[2]);
	if (ret < 0)
		return ret;
	if (!played(in, t->before, fault))
		return -fault->err;
	*fault = (struct fault){ .tape = t->start, .op = ~0u };
	ret = start_process(in, &in->program, t->start, stdio, -1, &a->report);
	*restored = played(in, t->after, &after);
	if (ret > 0 && !*restored)
		*fault = after;
	return ret;
}

static void start(struct init *in, u32 index)
{
	struct app *a = &in->apps[index];
	s32 stdio[3] = { (s32)in->regs[R_POD_STDIN], -1, -1 };
	struct fault fault;
	int restored = 1;
	long pid;

	a->state = APP_STARTING;
	log_open(in, index);
	pid = give_birth(in, index, stdio, &fault, &restored);
	input_given(in, index, stdio);
	if (pid < 0) {
		fault.err = (s32)-pid;
		fail_unborn(in, index, &fault);
	} else {
		a->pid = (s32)pid;
		watch(in, a->out.fd, WATCH_OUT, index, 1);
		if (a->err.fd >= 0)
			watch(in, a->err.fd, WATCH_ERR, index, 1);
		input_room(in, index);
		watch(in, a->report, WATCH_APP_REPORT, index, 1);
		if (!restored)
			fail(in, index, &fault);
	}
	/* Whatever of an app init kept on itself, every later child would inherit. */
	if (!restored)
		apps_stop(in, 0);
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

void app_skip(struct init *in, u32 index)
{
	char line[256];
	struct text t = EVENT(line, "app-skipped");

	in->apps[index].state = APP_EXITED;
	in->apps[index].code = EXIT_POD_FAILED;
	attach_end(in, index);
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
				app_skip(in, i);
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
	int failed;

	/* An event of this turn that its end, reaped earlier in the same turn, has overtaken. */
	if (a->report < 0)
		return;
	failed = read_report(a->report, &report);
	if (failed < 0)
		return;
	watch(in, a->report, WATCH_APP_REPORT, index, 0);
	sys_close(a->report);
	a->report = -1;
	if (a->state != APP_STARTING)
		return;
	a->state = APP_RUNNING;
	if (failed) {
		fail(in, index, &report.fault);
		return;
	}
	if (!a->reaped)
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

		if (a->pid != pid || !app_lives(a))
			continue;
		a->reaped = 1;
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
		log_note_dropped(in, i);
		input_close(in, i);
		attach_end(in, i);
		/* No exec is born into it any more, and it would keep the app's mounts. */
		sys_close(a->mount_namespace);
		a->mount_namespace = -1;
		record_exit(in, i, oom_killed(in, i));
		kill_group(in, i);
		return 1;
	}
	return 0;
}

int apps_done(const struct init *in)
{
	for (u32 i = 0; i < in->program.header->apps_count; i++) {
		if (in->apps[i].state != APP_EXITED)
			return 0;
	}
	return 1;
}
