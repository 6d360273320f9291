/* The order in which apps start: each starts when its dependencies are met. */
#include "stage1.h"

/* Whether the app has a start or ready probe; without one, it is ready as soon as it runs. */
static int is_probed(const struct init *in, u32 index)
{
	const struct tape_app *t = &in->program.apps[index];

	for (u32 i = 0; i < t->probes; i++) {
		if (in->program.probes[t->first_probe + i].role != ROLE_LIVE)
			return 1;
	}
	return 0;
}

/* 1: the dependency is met; 0: not yet; -1: it can never be met. */
static int is_met(const struct init *in, const struct tape_dep *d)
{
	const struct app *other = &in->apps[d->app];
	int over = other->state == APP_EXITED;

	switch (d->condition) {
	case AFTER_COMPLETED:
		return !over ? 0 : other->code || other->signal || other->unhealthy ? -1 : 1;
	case AFTER_READY:
		return (is_probed(in, d->app) ? other->ready : other->was_started) ? 1 : over ? -1 : 0;
	default:
		return other->was_started ? 1 : over ? -1 : 0;
	}
}

/* 1: may start; 0: must wait; -1: can never start, because of another app. */
static int readiness(const struct init *in, u32 index, s32 *because)
{
	const struct tape_app *t = &in->program.apps[index];
	int all = 1;

	for (u32 i = 0; i < t->deps; i++) {
		const struct tape_dep *d = &in->program.deps[t->first_dep + i];
		int met = is_met(in, d);

		*because = (s32)d->app;
		if (met < 0)
			return -1;
		all &= met;
	}
	return all;
}

void app_skip(struct init *in, u32 index, s32 because)
{
	char line[256];
	struct text t = EVENT(line, "app-skipped");

	in->apps[index].state = APP_EXITED;
	in->apps[index].code = EXIT_POD_FAILED;
	attach_end(in, index);
	event_app(&t, in, index);
	if (because >= 0) {
		const struct tape_app *other = &in->program.apps[because];

		put_literal(&t, ",\"because\":\"");
		put_string(&t, (const char *)in->program.data + other->name, other->name_length);
		put_literal(&t, "\"");
	}
	event_pin(in, index, PIN_TURN);
	event_end(in, &t, line);
}

void apps_start_ready(struct init *in)
{
	int changed = !is_renewing(in);

	/* Skipping one app may make others impossible; at most one round for each app. */
	while (changed) {
		changed = 0;
		for (u32 i = 0; i < in->program.header->apps_count && !in->stopping; i++) {
			s32 because = -1;
			int ready = in->apps[i].state == APP_WAITING ? readiness(in, i, &because) : 0;

			if (ready > 0)
				app_start(in, i);
			else if (ready < 0)
				app_skip(in, i, because);
			changed |= ready < 0;
		}
	}
}

int apps_done(const struct init *in)
{
	for (u32 i = 0; i < in->program.header->apps_count; i++) {
		if (in->apps[i].state != APP_EXITED)
			return 0;
	}
	return 1;
}
