/* Stopping: a signal, a grace period, SIGKILL; an app that others need waits until they have ended. */
#include "stage1.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

/* A day is forever here, and small enough that no sum overflows. */
enum { MAX_GRACE_MS = 86400000 };

/* All processes of the app, whatever they forked into; only where a version 2 tree has its cgroup. */
void kill_group(struct init *in, u32 index)
{
	s32 reg = in->program.apps[index].kill_reg;

	if (reg >= 0 && in->regs[reg] >= 0)
		sys3(__NR_write, in->regs[reg], "1", 1);
}

static int is_needed(const struct init *in, u32 index)
{
	for (u32 i = 0; i < in->program.header->apps_count; i++) {
		const struct tape_app *t = &in->program.apps[i];

		if (!app_lives(&in->apps[i]))
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
	u64 ms = grace_ms >= 0 ? (u64)grace_ms : in->program.apps[index].grace_ms;

	return (ms < MAX_GRACE_MS ? ms : MAX_GRACE_MS) * 1000000u;
}

/* Begins to stop everything; grace_ms < 0: each app's own. A second call can only make it sooner. */
void apps_stop(struct init *in, s64 grace_ms)
{
	char line[128];
	struct text t;
	u64 now = clock_ns(CLOCK_MONOTONIC);
	int first = !in->stopping;

	if (first) {
		t = EVENT(line, "stopping");
		event_end(in, &t, line);
	}
	in->stopping = 1;
	for (u32 i = 0; i < in->program.header->apps_count; i++) {
		struct app *a = &in->apps[i];
		u64 grace = grace_ns(in, i, grace_ms);

		if (a->state == APP_WAITING)
			app_skip(in, i);
		if (first || grace < a->grace_ns)
			a->grace_ns = grace;
		if (a->stop_sent && now + grace < a->kill_at)
			a->kill_at = now + grace;
	}
	apps_advance_stop(in);
}

static void ask_to_stop(const struct init *in, u32 index)
{
	sys2(__NR_kill, in->apps[index].pid, in->program.apps[index].stop_signal);
	/* A stopped process cannot act on a signal it catches. */
	sys2(__NR_kill, in->apps[index].pid, SIGCONT);
}

void apps_advance_stop(struct init *in)
{
	u64 now = clock_ns(CLOCK_MONOTONIC);

	for (u32 i = 0; i < in->program.header->apps_count; i++) {
		struct app *a = &in->apps[i];

		if (!app_lives(a))
			continue;
		/* The grace period begins with the signal: a database has its own after its clients had theirs. */
		if (!a->stop_sent && (a->grace_ns == 0 || !is_needed(in, i))) {
			a->stop_sent = 1;
			a->kill_at = now + a->grace_ns;
			if (a->grace_ns > 0)
				ask_to_stop(in, i);
		}
		if (a->stop_sent && !a->killed && now >= a->kill_at) {
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

		if (app_lives(a) && a->stop_sent && !a->killed && (!next || a->kill_at < next))
			next = a->kill_at;
	}
	if (in->more_to_reap)
		return 0;
	if (!next)
		return -1;
	/* Rounded up: a deadline that has not quite passed must not spin. */
	return next <= now ? 0 : (int)((next - now) / 1000000) + 1;
}

/* index < 0: every app. Minus ESRCH when nothing runs that could take it. */
long app_signal(struct init *in, s32 index, s32 signal)
{
	long result = -ESRCH;

	for (u32 i = 0; i < in->program.header->apps_count; i++) {
		struct app *a = &in->apps[i];

		if ((index >= 0 && i != (u32)index) || !app_lives(a))
			continue;
		result = sys2(__NR_kill, a->pid, signal);
		if (signal == SIGKILL)
			kill_group(in, i);
	}
	return result;
}
