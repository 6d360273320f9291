/*
 * Starts apps again: by their policy after a growing pause, or at once on request. Everything uses the monotonic clock, so
 * that changes of the host's time have no effect.
 */
#include "stage1.h"

#include <errno.h>
#include <time.h>

enum {
	/* Killed processes are usually gone in an instant; a process stuck in the kernel must not hold up the app forever. */
	LOOK_AGAIN_NS = 5000000,
	LEFTOVERS_NS = 2000000000,
	LOOKS = LEFTOVERS_NS / LOOK_AGAIN_NS,
};

static u64 pause_ns(const struct tape_app *t, u32 failures)
{
	u64 ms = t->backoff_first_ms;

	for (u32 i = 0; i < failures && ms < t->backoff_cap_ms; i++)
		ms *= 2;
	return (ms < t->backoff_cap_ms ? ms : t->backoff_cap_ms) * 1000000u;
}

static void start_at(struct init *in, u32 index, u64 when)
{
	struct app *a = &in->apps[index];

	a->state = APP_BACKOFF;
	a->retry_at = a->look_at = when;
}

static void record_pause(struct init *in, u32 index, u64 pause)
{
	char line[256];
	struct text t = EVENT(line, "app-backoff");

	event_app(&t, in, index);
	FIELD(&t, "ms", (s64)(pause / 1000000u));
	FIELD(&t, "failures", in->apps[index].failures);
	event_pin(in, index, PIN_TURN);
	event_end(in, &t, line);
}

static void record_giving_up(struct init *in, u32 index)
{
	char line[256];
	struct text t = EVENT(line, "app-given-up");

	event_app(&t, in, index);
	FIELD(&t, "failures", in->apps[index].failures);
	event_pin(in, index, PIN_TURN);
	event_end(in, &t, line);
}

/* The app has ended, but the pod goes on. */
void app_back_off(struct init *in, u32 index)
{
	const struct tape_app *t = &in->program.apps[index];
	struct app *a = &in->apps[index];
	int failed = a->code || a->signal || a->unhealthy;
	u64 now;
	u64 pause;

	if (a->again && in->renewing) {
		a->again = 0;
		a->state = APP_WAITING;
		return;
	}
	if (!a->again && t->restart != RESTART_ALWAYS && !(t->restart == RESTART_ON_FAILURE && failed))
		return;
	now = clock_ns(CLOCK_MONOTONIC);
	if (a->again) {
		start_at(in, index, now);
		return;
	}
	if (a->started_at && now - a->started_at >= t->healthy_ms * 1000000ull)
		a->failures = 0;
	if (t->max_retries >= 0 && a->failures >= (u32)t->max_retries) {
		record_giving_up(in, index);
		return;
	}
	pause = pause_ns(t, a->failures);
	a->failures++;
	start_at(in, index, now + pause);
	record_pause(in, index, pause);
}

static void start_again(struct init *in, u32 index, u64 now)
{
	struct app *a = &in->apps[index];

	if (now < a->retry_at + LEFTOVERS_NS && !leaf_kill(in, index)) {
		a->look_at = now + LOOK_AGAIN_NS;
		return;
	}
	app_start(in, index);
	program_rest(&in->program);
}

void apps_advance_restart(struct init *in)
{
	for (u32 i = 0; i < in->program.header->apps_count && !in->stopping; i++) {
		if (in->apps[i].state == APP_BACKOFF && in->turn_at >= in->apps[i].look_at)
			start_again(in, i, clock_ns(CLOCK_MONOTONIC));
	}
}

static int are_leaves_empty(struct init *in)
{
	int empty = 1;

	for (u32 i = 0; i < in->program.header->apps_count; i++)
		empty &= leaf_kill(in, i);
	return empty;
}

int is_renewing(struct init *in)
{
	in->look_at = 0;
	for (u32 i = 0; in->renewing && i < in->program.header->apps_count; i++) {
		if (in->apps[i].again)
			return 1;
	}
	if (!in->renewing || in->stopping || in->renewing > LOOKS || are_leaves_empty(in)) {
		in->renewing = 0;
		return 0;
	}
	in->renewing++;
	in->look_at = clock_ns(CLOCK_MONOTONIC) + LOOK_AGAIN_NS;
	return 1;
}

/* Records a restart that was requested, rather than made by policy. */
static void record_asked(struct init *in, u32 index)
{
	char line[256];
	struct text t = EVENT(line, "app-restarting");

	event_app(&t, in, index);
	event_end(in, &t, line);
}

void record_waiting(struct init *in, u32 index)
{
	char line[256];
	struct text t = EVENT(line, "app-waiting");

	event_app(&t, in, index);
	event_pin(in, index, PIN_TURN);
	event_end(in, &t, line);
}

static void renew(struct init *in, u32 index, s64 grace_ms)
{
	struct app *a = &in->apps[index];

	record_asked(in, index);
	a->failures = 0;
	if (app_lives(a)) {
		a->again = 1;
		app_stop(in, index, grace_ms);
	} else if (a->state == APP_PREPARING || a->state == APP_ENDING) {
		a->again = 1;
		if (a->state == APP_PREPARING)
			hook_kill(&a->hook);
		else
			record_waiting(in, index);
	} else if (a->state != APP_WAITING) {
		record_waiting(in, index);
		if (in->renewing)
			a->state = APP_WAITING;
		else
			start_at(in, index, clock_ns(CLOCK_MONOTONIC));
	}
	/* Apps that depend on this one wait for its new process. */
	if (in->renewing)
		a->was_started = 0;
}

/* index < 0: all apps, in the order of their dependencies. */
long apps_restart(struct init *in, s32 index, s64 grace_ms)
{
	if (in->stopping)
		return -ESHUTDOWN;
	if (index < 0)
		in->renewing = 1;
	for (u32 i = 0; i < in->program.header->apps_count; i++) {
		if (index < 0 || i == (u32)index)
			renew(in, i, grace_ms);
	}
	apps_advance_stop(in);
	return 0;
}

void app_unhealthy(struct init *in, u32 index)
{
	struct app *a = &in->apps[index];

	if (!app_lives(a) || a->stopping)
		return;
	a->unhealthy = 1;
	app_stop(in, index, -1);
	apps_advance_stop(in);
}
