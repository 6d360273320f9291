#include "verify.h"

/* The name becomes a file name in the log directory and a string in the journal. */
static int name_ok(const struct program *p, u32 at, u32 length)
{
	if (at > p->header->data_size || length > p->header->data_size - at || length == 0 || length > MAX_APP_NAME)
		return 0;
	for (u32 i = 0; i < length; i++) {
		u8 c = p->data[at + i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      (i > 0 && (c == '-' || c == '_' || c == '.'))))
			return 0;
	}
	return 1;
}

static int tape_is(const struct program *p, s64 tape, enum purpose purpose)
{
	return tape >= 0 && tape < p->header->tapes_count && p->tapes[tape].purpose == purpose;
}

static int range_ok(u32 first, u32 count, u32 all)
{
	return first <= all && count <= all - first;
}

static int span_ok(const struct program *p, const struct tape_span *s)
{
	return range_ok(s->at, s->length, p->header->data_size);
}

static int supervision_ok(const struct program *p, u32 index)
{
	const struct tape_app *a = &p->apps[index];

	if (a->restart > RESTART_ALWAYS || a->max_retries < -1 || a->backoff_first_ms > a->backoff_cap_ms ||
	    !range_ok(a->first_probe, a->probes, p->header->probes_count))
		return 0;
	for (u32 i = 0; i < HOOKS; i++) {
		if (a->hooks[i] != -1 && (!tape_is(p, a->hooks[i], TAPE_HOOK) || a->hook_limits_ms[i] == 0))
			return 0;
	}
	for (u32 i = 0; i < a->probes; i++) {
		if (p->probes[a->first_probe + i].app != index)
			return 0;
	}
	return 1;
}

static int probe_ok(const struct program *p, u32 index)
{
	const struct tape_probe *t = &p->probes[index];
	const struct tape_app *a;

	if (t->app >= p->header->apps_count || t->role > ROLE_LIVE || t->kind > PROBE_GRPC)
		return 0;
	/* App and probe must refer to each other, so that no probe is left over. */
	a = &p->apps[t->app];
	if (index < a->first_probe || index - a->first_probe >= a->probes)
		return 0;
	if (t->kind == PROBE_TAPE ? !tape_is(p, t->tape, TAPE_PROBE) : t->tape != -1)
		return 0;
	if (t->kind != PROBE_TAPE && (t->address.length < sizeof(u16) || t->address.length > MAX_ADDRESS))
		return 0;
	/* A period of 0 would be a loop without a pause. */
	return t->period_ms && t->timeout_ms && t->successes && t->failures && span_ok(p, &t->address) &&
	       span_ok(p, &t->request);
}

static int app_ok(const struct program *p, u32 index)
{
	const struct tape_header *h = p->header;
	const struct tape_app *a = &p->apps[index];

	return tape_is(p, a->start, TAPE_START) && (a->before == -1 || tape_is(p, a->before, TAPE_BEFORE)) &&
	       (a->after == -1 || tape_is(p, a->after, TAPE_AFTER)) && a->stop_signal >= 1 && a->stop_signal <= 64 &&
	       name_ok(p, a->name, a->name_length) && a->deps <= MAX_DEPS &&
	       range_ok(a->first_dep, a->deps, h->deps_count) && reg_ok(p, a->kill_reg) && reg_ok(p, a->oom_reg) &&
	       a->log_files >= 1 && a->log_files <= 99 && supervision_ok(p, index) &&
	       !(a->flags & ~(u32)APP_FLAGS) && reg_ok(p, a->procs_reg) && !a->reserved[0] && !a->reserved[1];
}

/* Whether everything the app waits for is in the set. */
static int deps_met(const struct program *p, const struct tape_app *a, u64 set)
{
	for (u32 i = 0; i < a->deps; i++) {
		if (!(set >> p->deps[a->first_dep + i].app & 1))
			return 0;
	}
	return 1;
}

/* Apps that depend on each other in a cycle would wait forever. */
static int order_exists(const struct program *p)
{
	u32 count = p->header->apps_count;
	u64 started = 0;

	for (u32 round = 0; round < count; round++) {
		for (u32 i = 0; i < count; i++)
			started |= (u64)deps_met(p, &p->apps[i], started) << i;
	}
	return started == (count < 64 ? (1ull << count) - 1 : ~0ull);
}

int apps_ok(const struct program *p)
{
	const struct tape_header *h = p->header;

	for (u32 i = 0; i < h->deps_count; i++) {
		if (p->deps[i].app >= h->apps_count || p->deps[i].condition > AFTER_READY)
			return 0;
	}
	for (u32 i = 0; i < h->apps_count; i++) {
		if (!app_ok(p, i))
			return 0;
	}
	for (u32 i = 0; i < h->probes_count; i++) {
		if (!probe_ok(p, i))
			return 0;
	}
	return order_exists(p);
}
