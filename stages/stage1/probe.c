/* When probes run and what follows from their results: an app is ready or not, or has failed. */
#include "stage1.h"

#include <time.h>

enum {
	/* A probe whose result keeps changing gets a journal line only this often, after the first few. */
	LINE_EVERY_MS = 10000,
	LINES_AT_ONCE = 6,
	/* Each kind has its own limit, so that the line for a pass is not delayed by many lines about reasons. */
	SAYS_WHETHER = 0,
	SAYS_WHY = 1,
};

static char line[MAX_PROBE_LINE];

static u64 ms(u32 milliseconds)
{
	return (u64)milliseconds * 1000000u;
}

static const struct tape_probe *asked(const struct init *in, u32 index)
{
	return &in->program.probes[index];
}

static void put_role(struct text *t, u32 role)
{
	if (role == ROLE_START)
		put_literal(t, ",\"probe\":\"start\"");
	else if (role == ROLE_READY)
		put_literal(t, ",\"probe\":\"ready\"");
	else
		put_literal(t, ",\"probe\":\"live\"");
}

/* Whether the news is that the probe passes or fails, or only the reason of a failure. */
static int kind_of_news(const struct probe *p)
{
	return !p->told || p->passed != p->told_passed ? SAYS_WHETHER : SAYS_WHY;
}

/* The line describes the app's state at the time of writing, so the journal's last line about an app is true. */
static void tell(struct init *in, u32 index, u64 now)
{
	const struct tape_probe *q = asked(in, index);
	struct probe *p = &in->probes[index];
	struct text t = EVENT(line, "probe");
	u64 *quiet_until = &p->quiet_until[kind_of_news(p)];

	event_app(&t, in, q->app);
	put_role(&t, q->role);
	put_outcome(&t, p->outcome);
	FIELD(&t, "number", p->number);
	FIELD(&t, "passed", p->passed);
	FIELD(&t, "ready", in->apps[q->app].ready);
	/* Another command may have started to overwrite the output. */
	if (q->kind == PROBE_TAPE && p->state != ASK_COMMAND && p->heard > 0)
		event_bytes(&t, "text", sizeof("text") - 1, command_output(index), p->heard);
	in->apps[q->app].book.last_probe = (u8)(PIN_PROBE + q->role);
	event_pin(in, q->app, PIN_PROBE + q->role);
	event_end(in, &t, line);
	p->told = 1;
	p->untold = 0;
	p->told_passed = p->passed;
	p->told_outcome = p->outcome;
	p->told_number = p->number;
	*quiet_until = (*quiet_until > now ? *quiet_until : now) + ms(LINE_EVERY_MS);
}

/* The earliest time for the next line: up to LINES_AT_ONCE lines may be written ahead of the regular interval. */
static u64 may_tell_at(const struct probe *p)
{
	u64 ahead = ms(LINE_EVERY_MS) * (LINES_AT_ONCE - 1);
	u64 quiet_until = p->quiet_until[kind_of_news(p)];

	return quiet_until > ahead ? quiet_until - ahead : 0;
}

/* While the probe passes, a single failed try is not news; while it fails, a different reason is. */
static int is_news(const struct probe *p)
{
	return !p->told || p->passed != p->told_passed ||
	       (!p->passed && (p->outcome != p->told_outcome || p->number != p->told_number));
}

static void arm(struct probe *p, u64 now)
{
	p->armed = 1;
	if (p->next_at < now)
		p->next_at = now;
}

static int has_probe(const struct init *in, u32 app, enum role role)
{
	const struct tape_app *t = &in->program.apps[app];

	for (u32 i = 0; i < t->probes; i++) {
		if (asked(in, t->first_probe + i)->role == role)
			return 1;
	}
	return 0;
}

/* The app has passed its start probe or has none: starts its other probes. */
static void begin_rest(struct init *in, u32 app, u64 now)
{
	const struct tape_app *t = &in->program.apps[app];

	for (u32 i = t->first_probe; i < t->first_probe + t->probes; i++) {
		if (asked(in, i)->role == ROLE_START)
			in->probes[i].armed = 0;
		else
			arm(&in->probes[i], now);
	}
	in->apps[app].ready = !has_probe(in, app, ROLE_READY);
}

void probes_begin(struct init *in, u32 app)
{
	const struct tape_app *t = &in->program.apps[app];
	u64 now = clock_ns(CLOCK_MONOTONIC);

	for (u32 i = t->first_probe; i < t->first_probe + t->probes; i++) {
		struct probe *p = &in->probes[i];

		p->rose = p->passed = p->told = p->untold = p->last_good = 0;
		p->in_a_row = 0;
		p->begun_at = now;
		p->next_at = now + ms(asked(in, i)->delay_ms);
		p->armed = asked(in, i)->role == ROLE_START;
	}
	in->apps[app].ready = 0;
	if (!has_probe(in, app, ROLE_START))
		begin_rest(in, app, now);
}

void probes_end(struct init *in, u32 app)
{
	const struct tape_app *t = &in->program.apps[app];

	for (u32 i = t->first_probe; i < t->first_probe + t->probes; i++) {
		in->probes[i].armed = in->probes[i].untold = 0;
		ask_drop(in, i);
	}
	in->apps[app].ready = 0;
}

/* Acts when enough tries in a row had the same result. */
static void decide(struct init *in, u32 index, u64 now)
{
	const struct tape_probe *q = asked(in, index);
	struct probe *p = &in->probes[index];

	if (p->last_good && p->in_a_row >= q->successes && !p->passed) {
		p->rose = p->passed = 1;
		if (q->role == ROLE_START)
			begin_rest(in, q->app, now);
		else if (q->role == ROLE_READY)
			in->apps[q->app].ready = 1;
	} else if (!p->last_good && p->in_a_row >= q->failures) {
		p->passed = 0;
		in->apps[q->app].ready = 0;
	}
}

void probe_answered(struct init *in, u32 index, enum outcome outcome, s32 number)
{
	const struct tape_probe *q = asked(in, index);
	struct probe *p = &in->probes[index];
	u64 now = clock_ns(CLOCK_MONOTONIC);
	u8 good = outcome == TRY_OK;
	int failed;

	if (!p->armed)
		return;
	p->outcome = outcome;
	p->number = number;
	p->in_a_row = p->last_good == good && p->in_a_row < ~0u ? p->in_a_row + 1 : 1;
	p->last_good = good;
	decide(in, index, now);
	failed = !good && p->in_a_row >= q->failures && q->role != ROLE_READY;
	p->untold = is_news(p) || failed;
	/* A failure that ends an app is always reported; the pauses between starts limit the number of lines. */
	if (p->untold && (failed || now >= may_tell_at(p)))
		tell(in, index, now);
	if (failed)
		app_unhealthy(in, q->app);
}

/* When the next try follows, if this one is made now. */
static u64 after_this(const struct tape_probe *q, const struct probe *p, u64 now)
{
	u64 early = ms(q->early_ms);

	/* A missed period is not made up for. */
	if (!early || p->rose || p->last_good)
		return p->next_at + ms(q->period_ms) > now ? p->next_at + ms(q->period_ms) : now + ms(q->period_ms);
	if (early < (now - p->begun_at) / 4)
		early = (now - p->begun_at) / 4;
	return now + (early < ms(q->period_ms) ? early : ms(q->period_ms));
}

/* A command that the kernel has not ended yet prevents the next try, which fails for that reason. */
static int has_deadline(const struct probe *p)
{
	return p->state != ASK_NOTHING && (p->state != ASK_KILLED || p->armed);
}

static void advance(struct init *in, u32 index, u64 now)
{
	const struct tape_probe *q = asked(in, index);
	struct probe *p = &in->probes[index];

	if (has_deadline(p) && in->turn_at >= p->deadline) {
		if (p->state == ASK_KILLED)
			p->next_at = after_this(q, p, now);
		ask_expire(in, index);
	}
	if (!p->armed)
		return;
	if (p->untold && now >= may_tell_at(p))
		tell(in, index, now);
	if (in->turn_at < p->next_at)
		return;
	if (p->state == ASK_LEFTOVER)
		ask_drop(in, index);
	if (p->state != ASK_NOTHING)
		return;
	p->next_at = after_this(q, p, now);
	p->deadline = now + ms(q->timeout_ms);
	ask_begin(in, index);
}

void probes_advance(struct init *in)
{
	u32 count = in->program.header->probes_count;
	u64 now = count ? clock_ns(CLOCK_MONOTONIC) : 0;

	for (u32 i = 0; i < count; i++)
		advance(in, i, now);
}

void probes_postpone(struct init *in, u64 ns)
{
	for (u32 i = 0; i < in->program.header->probes_count; i++) {
		in->probes[i].deadline += ns;
		in->probes[i].next_at += ns;
	}
}

static u64 sooner(u64 a, u64 b)
{
	return !a || b < a ? b : a;
}

u64 probes_next(const struct init *in)
{
	u64 next = 0;

	for (u32 i = 0; i < in->program.header->probes_count; i++) {
		const struct probe *p = &in->probes[i];

		if (has_deadline(p))
			next = sooner(next, p->deadline);
		if (p->armed && (p->state == ASK_NOTHING || p->state == ASK_LEFTOVER))
			next = sooner(next, p->next_at);
		if (p->armed && p->untold)
			next = sooner(next, may_tell_at(p));
	}
	return next;
}
