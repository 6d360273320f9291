/* Stopping: a signal, a grace period, SIGKILL. An app that others depend on waits until they have ended. */
#include "stage1.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

/* What epoll_pwait(2) can wait for: 24 days. Longer grace periods are refused before they get here. */
static const u64 MAX_WAIT_MS = 0x7fffffff;
/*
 * A killed process is usually gone in an instant. One that hangs in the kernel, or that another app traces (ptrace(2): its end is
 * reported to the tracer first), must not hold up the apps that it depends on, of which the tracer may be one.
 */
static const u64 STUCK_NS = 2000000000u;

static int is_needed(const struct init *in, u32 index)
{
	for (u32 i = 0; i < in->program.header->apps_count; i++) {
		const struct tape_app *t = &in->program.apps[i];

		if (!app_lives(&in->apps[i]) || in->apps[i].stuck)
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

	return (ms < MAX_WAIT_MS ? ms : MAX_WAIT_MS) * 1000000u;
}

/* Begins to stop one app; grace_ms < 0: its own grace period. A second call can only shorten the time. */
void app_stop(struct init *in, u32 index, s64 grace_ms)
{
	struct app *a = &in->apps[index];
	u64 grace = grace_ns(in, index, grace_ms);
	u64 now;

	/* An app that is to end need not pass its probes. */
	if (!a->stopping)
		probes_end(in, index);
	if (!a->stopping || grace < a->grace_ns)
		a->grace_ns = grace;
	a->stopping = 1;
	if (!a->stop_sent && !a->pre_stopped)
		return;
	now = clock_ns(CLOCK_MONOTONIC);
	if (now + grace < a->kill_at)
		a->kill_at = now + grace;
}

/* Begins to stop all apps. */
void apps_stop(struct init *in, s64 grace_ms)
{
	char line[128];
	struct text t;

	if (!in->stopping) {
		t = EVENT(line, "stopping");
		in->journal.pin = &in->journal.pod[1];
		event_end(in, &t, line);
	}
	in->stopping = 1;
	in->at_once |= grace_ms == 0;
	for (u32 i = 0; i < in->program.header->apps_count; i++) {
		struct app *a = &in->apps[i];

		/* An app that was to be started again already has an exit status, which counts. */
		if (a->state == APP_WAITING && (a->reaped || a->code || a->signal))
			a->state = APP_BACKOFF;
		if (a->state == APP_WAITING)
			app_skip(in, i, -1);
		if (app_lives(a))
			app_stop(in, i, grace_ms);
		/* Before its start; or after its end, when the pod is to end at once. */
		if (a->state == APP_PREPARING || (a->state == APP_ENDING && grace_ms == 0))
			hook_kill(&a->hook);
		if (a->state != APP_BACKOFF)
			continue;
		a->state = APP_EXITED;
		attach_end(in, i);
	}
	apps_advance_stop(in);
}

static void ask_to_stop(const struct init *in, u32 index)
{
	sys2(__NR_kill, in->apps[index].pid, in->program.apps[index].stop_signal);
	/* A stopped process could not handle the signal. */
	sys2(__NR_kill, in->apps[index].pid, SIGCONT);
}

static void advance(struct init *in, u32 index, u64 now)
{
	struct app *a = &in->apps[index];
	int ordered = in->stopping || in->renewing;

	/* The grace period begins with the signal: a database gets its own after its clients had theirs. */
	if (!a->stop_sent && (a->grace_ns == 0 || !ordered || !is_needed(in, index)) &&
	    hook_before_stop(in, index, now)) {
		a->stop_sent = 1;
		if (!a->pre_stopped)
			a->kill_at = now + a->grace_ns;
		if (a->grace_ns > 0)
			ask_to_stop(in, index);
	}
	if (a->stop_sent && !a->killed && (a->grace_ns == 0 || in->turn_at >= a->kill_at))
		app_signal(in, (s32)index, SIGKILL);
}

static void note_stuck(struct init *in)
{
	for (u32 i = 0; i < in->program.header->apps_count; i++) {
		struct app *a = &in->apps[i];

		if (app_lives(a) && a->killed && in->turn_at >= a->killed_at + STUCK_NS)
			a->stuck = 1;
	}
}

void apps_advance_stop(struct init *in)
{
	u64 now = 0;

	/* Before any app is looked at: the order of the apps must not matter. */
	note_stuck(in);
	for (u32 i = 0; i < in->program.header->apps_count; i++) {
		struct app *a = &in->apps[i];

		if (!app_lives(a) || !a->stopping)
			continue;
		if (now == 0)
			now = clock_ns(CLOCK_MONOTONIC);
		advance(in, i, now);
	}
}

/* When the app needs attention next; 0: on an event only. */
static u64 deadline(const struct app *a)
{
	u64 at = 0;

	if (app_lives(a) && a->stop_sent && !a->killed)
		at = a->kill_at;
	else if (app_lives(a) && a->stopping && a->killed && !a->stuck)
		at = a->killed_at + STUCK_NS;
	if (a->state == APP_BACKOFF)
		at = a->look_at;
	if (a->hook.pid > 0 && !a->hook.killed && (!at || a->hook.deadline < at))
		at = a->hook.deadline;
	return at;
}

/* Moves only the times in use; the others will be set when needed. */
static void postpone(struct app *a, u64 ns)
{
	a->started_at += a->started_at ? ns : 0;
	if (a->stopping)
		a->kill_at += ns;
	if (a->killed)
		a->killed_at += ns;
	if (a->hook.pid > 0)
		a->hook.deadline += ns;
	if (a->state != APP_BACKOFF)
		return;
	a->retry_at += ns;
	a->look_at += ns;
}

void apps_postpone(struct init *in, u64 ns)
{
	in->look_at += in->look_at ? ns : 0;
	for (u32 i = 0; i < in->program.header->apps_count; i++)
		postpone(&in->apps[i], ns);
}

int ms_until(u64 deadline)
{
	u64 now = clock_ns(CLOCK_MONOTONIC);
	u64 ms = deadline <= now ? 0 : (deadline - now) / 1000000 + 1;

	return ms < MAX_WAIT_MS ? (int)ms : (int)MAX_WAIT_MS;
}

int apps_timeout_ms(const struct init *in)
{
	u64 next = probes_next(in);

	if (in->more_to_reap)
		return 0;
	if (in->control.deaf_until && (!next || in->control.deaf_until < next))
		next = in->control.deaf_until;
	if (in->renewing && (!next || in->look_at < next))
		next = in->look_at;
	for (u32 i = 0; i < in->program.header->apps_count; i++) {
		u64 at = deadline(&in->apps[i]);

		if (at && (!next || at < next))
			next = at;
	}
	if (!next)
		return -1;
	return ms_until(next);
}

/* index < 0: every app. Returns -ESRCH when no running process could get the signal. */
long app_signal(struct init *in, s32 index, s32 signal)
{
	long result = -ESRCH;

	for (u32 i = 0; i < in->program.header->apps_count; i++) {
		struct app *a = &in->apps[i];

		if ((index >= 0 && i != (u32)index) || !app_lives(a))
			continue;
		result = sys2(__NR_kill, a->pid, signal);
		if (signal != SIGKILL)
			continue;
		if (!a->killed)
			a->killed_at = clock_ns(CLOCK_MONOTONIC);
		a->killed = 1;
		kill_group(in, i);
	}
	return result;
}
