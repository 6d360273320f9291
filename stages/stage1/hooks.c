/* Commands at certain points of an app's life, one at a time, under its isolators. Their output goes to the app's log. */
#include "stage1.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

enum { TAG_HOOK = 2 };

static void put_name(struct text *t, u32 kind)
{
	static const char names[HOOKS][10] = { "preStart", "postStart", "preStop", "postStop" };
	size_t length = 0;

	while (length < sizeof(names[0]) && names[kind][length])
		length++;
	put_literal(t, ",\"hook\":\"");
	put_string(t, names[kind], length);
	put_literal(t, "\"");
}

/* fault: why the hook never became its program; err is 0 when it did. */
static void record_failure(struct init *in, u32 index, u32 kind, const struct fault *fault, int status)
{
	char line[320];
	struct text t = EVENT(line, "hook-failed");

	event_app(&t, in, index);
	put_name(&t, kind);
	FIELD(&t, "code", WIFEXITED(status) ? WEXITSTATUS(status) : 0);
	FIELD(&t, "signal", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	FIELD(&t, "late", in->apps[index].hook.late);
	FIELD(&t, "errno", fault->err);
	event_pin(in, index, PIN_HOOK + kind);
	event_end(in, &t, line);
}

/*
 * Returns the pid, or minus errno. During the clone, init takes on the attributes that the app's processes can only
 * inherit.
 */
static long give_birth(struct init *in, u32 index, u32 kind)
{
	const struct tape_app *t = &in->program.apps[index];
	struct app *a = &in->apps[index];
	s32 stdio[3] = { -1, -1, -1 };
	struct fault fault;
	long pid = stream_open(&a->hook.out, TAG_HOOK, &stdio[1]);

	if (pid < 0)
		return pid;
	stdio[2] = stdio[1];
	if (!played(in, t->before, &fault)) {
		sys_close(stdio[1]);
		return -fault.err;
	}
	pid = start_process(in, &in->program, (u32)t->hooks[kind], stdio, a, &a->hook.report);
	if (!played(in, t->after, &fault) && pid > 0)
		sys2(__NR_kill, pid, SIGKILL);
	sys_close(stdio[1]);
	return pid;
}

/*
 * 1: the hook runs; 0: there is no hook; -1: it could not be started, which is in the journal. limit_ns: an upper limit
 * besides its own.
 */
int hook_begin(struct init *in, u32 index, u32 kind, u64 limit_ns)
{
	const struct tape_app *t = &in->program.apps[index];
	struct hook_run *h = &in->apps[index].hook;
	u64 own = t->hook_limits_ms[kind] * 1000000ull;
	long pid;

	if (t->hooks[kind] < 0)
		return 0;
	h->kind = (u8)kind;
	h->killed = h->late = 0;
	pid = give_birth(in, index, kind);
	if (pid < 0) {
		struct fault fault = { .err = (s32)-pid };

		sys_close(h->out.fd);
		h->out.fd = -1;
		record_failure(in, index, kind, &fault, EXIT_NOT_RUNNABLE << 8);
		return -1;
	}
	h->pid = (s32)pid;
	h->deadline = clock_ns(CLOCK_MONOTONIC) + (own < limit_ns ? own : limit_ns);
	watch(in, h->out.fd, WATCH_HOOK, index, 1);
	return 1;
}

/* Kills the hook with its process group, which it leads as the leader of a session. */
void hook_kill(struct hook_run *h)
{
	if (h->pid <= 0 || h->killed)
		return;
	h->killed = 1;
	sys2(__NR_kill, -h->pid, SIGKILL);
	sys2(__NR_kill, h->pid, SIGKILL);
}

void hooks_advance(struct init *in)
{
	for (u32 i = 0; i < in->program.header->apps_count; i++) {
		struct hook_run *h = &in->apps[i].hook;

		if (h->pid <= 0 || h->killed || in->turn_at < h->deadline)
			continue;
		h->late = 1;
		hook_kill(h);
	}
}

/* 1: the app may be told to stop; 0: its pre-stop hook still runs. The grace period covers both. */
int hook_before_stop(struct init *in, u32 index, u64 now)
{
	struct app *a = &in->apps[index];

	if (in->program.apps[index].hooks[HOOK_PRE_STOP] < 0 || a->grace_ns == 0 || a->state != APP_RUNNING ||
	    a->mount_namespace < 0)
		return 1;
	if (a->hook.pid > 0 && a->hook.kind != HOOK_PRE_STOP)
		hook_kill(&a->hook);
	if (a->hook.pid > 0)
		return 0;
	if (a->pre_stopped)
		return 1;
	a->pre_stopped = 1;
	a->kill_at = now + a->grace_ns;
	return hook_begin(in, index, HOOK_PRE_STOP, a->grace_ns) <= 0;
}

static void reap_hook(struct init *in, u32 index, int status)
{
	struct hook_run *h = &in->apps[index].hook;
	struct report report = { 0 };
	int failed = read_report(h->report, &report) == 1 || status != 0;

	sys_close(h->report);
	h->report = -1;
	h->pid = 0;
	log_end(in, index, &h->out);
	/* A hook that was killed because the app goes on without it has not failed. */
	if (failed && (!h->killed || h->late))
		record_failure(in, index, h->kind, &report.fault, status);
	app_hook_done(in, index, failed ? status : 0);
}

int hooks_reap(struct init *in, s32 pid, int status)
{
	for (u32 i = 0; i < in->program.header->apps_count; i++) {
		if (in->apps[i].hook.pid == pid) {
			reap_hook(in, i, status);
			return 1;
		}
	}
	return 0;
}
