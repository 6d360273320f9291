#include "tape.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/sched.h>
#include <sys/mman.h>

#if defined(__x86_64__)
#define OUR_ARCH AUDIT_ARCH_X86_64
#else
#define OUR_ARCH AUDIT_ARCH_AARCH64
#endif

static int table_fits(u32 at, u32 count, size_t item, size_t size)
{
	return at % 8 == 0 && at <= size && (u64)count * item <= size - at;
}

static int header_ok(const struct tape_header *h, size_t size)
{
	return memcmp(h->magic, "PODTAPE", 8) == 0 && h->version == TAPE_VERSION && h->arch == OUR_ARCH &&
	       h->size == size && h->regs <= MAX_REGS && h->regs >= R_FIRST_FREE && h->apps_count <= MAX_APPS &&
	       h->probes_count <= MAX_PROBES &&
	       table_fits(h->tapes_at, h->tapes_count, sizeof(struct tape_entry), size) &&
	       table_fits(h->ops_at, h->ops_count, sizeof(struct tape_op), size) &&
	       table_fits(h->relocs_at, h->relocs_count, sizeof(struct tape_reloc), size) &&
	       table_fits(h->apps_at, h->apps_count, sizeof(struct tape_app), size) &&
	       table_fits(h->deps_at, h->deps_count, sizeof(struct tape_dep), size) &&
	       table_fits(h->probes_at, h->probes_count, sizeof(struct tape_probe), size) &&
	       table_fits(h->data_at, h->data_size, 1, size) && h->data_size >= 8;
}

static int reg_ok(const struct program *p, s32 reg)
{
	return reg >= -1 && reg < (s32)p->header->regs;
}

static unsigned kind_of(const struct tape_op *op, unsigned arg)
{
	return op->kinds >> (2 * arg) & 3;
}

/* Data at one argument, as long as another says. */
static int args_span_ok(const struct program *p, const struct tape_op *op, unsigned at, unsigned length)
{
	u64 room = p->header->data_size;

	return kind_of(op, at) == ARG_DATA && kind_of(op, length) == ARG_IMMEDIATE && op->args[length] <= room &&
	       op->args[at] <= room - op->args[length];
}

/* The metadata service reads these long after they were verified: see metadata.c. */
static int serve_ok(const struct program *p, const struct tape_op *op)
{
	return args_span_ok(p, op, 0, 1) && args_span_ok(p, op, 2, 3) && op->args[3] == UUID_SIZE &&
	       kind_of(op, 4) == ARG_REGISTER && kind_of(op, 5) == ARG_IMMEDIATE && op->args[5] <= MAX_SERVE_MS;
}

static int answer_ok(const struct program *p, const struct tape_op *op)
{
	return args_span_ok(p, op, 0, 1) && kind_of(op, 2) == ARG_IMMEDIATE && op->args[2] < ANSWER_KINDS &&
	       args_span_ok(p, op, 3, 5) && kind_of(op, 4) == ARG_IMMEDIATE && op->args[4] <= op->args[5] &&
	       (op->args[2] != ANSWER_SIGN || op->args[5] <= MAX_SIGN_ANSWER);
}

static int op_ok(const struct program *p, const struct tape_op *op)
{
	if (op->nr >= CALL_END || (op->out != NO_REG && op->out >= p->header->regs) ||
	    op->tolerated > ARRAY_SIZE(op->tolerate))
		return 0;
	if (op->flags & ~OP_HAND_OVER || op->kinds >> (2 * ARRAY_SIZE(op->args)))
		return 0;
	/* init counts on every descriptor: there is none that may be missing. */
	if (op->flags & OP_HAND_OVER && (op->out == NO_REG || op->tolerated))
		return 0;
	for (unsigned i = 0; i < ARRAY_SIZE(op->args); i++) {
		unsigned kind = op->kinds >> (2 * i) & 3;

		if (kind > ARG_REGISTER)
			return 0;
		if (kind == ARG_REGISTER && op->args[i] >= p->header->regs)
			return 0;
		/* Eight bytes of room, so that the machine's own calls stay inside too. */
		if (kind == ARG_DATA && op->args[i] > p->header->data_size - 8)
			return 0;
	}
	if (op->nr >= CALL_STORE32 && (op->kinds & 3) != ARG_DATA)
		return 0;
	if (op->nr == CALL_EQUAL)
		return args_span_ok(p, op, 0, 2) && args_span_ok(p, op, 1, 2);
	if (op->nr == CALL_SERVE)
		return serve_ok(p, op);
	return op->nr != CALL_ANSWER || answer_ok(p, op);
}

/* A list, and not to be played: who serves, then what is answered. */
static int serves_ok(const struct program *p, const struct tape_entry *t)
{
	for (u32 i = 0; i < t->ops; i++) {
		if (p->ops[t->first_op + i].nr != (i == 0 ? CALL_SERVE : CALL_ANSWER))
			return 0;
	}
	return t->ops > 0;
}

/* What a process of a pod may be made with: namespaces, and nothing that shares memory or descriptors with init. */
#define CLONE_NAMESPACES                                                                                              \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET |       \
	 CLONE_NEWTIME)

static int tapes_ok(const struct program *p)
{
	const struct tape_header *h = p->header;

	for (u32 i = 0; i < h->tapes_count; i++) {
		const struct tape_entry *t = &p->tapes[i];

		if (t->purpose >= TAPE_PURPOSES || t->first_op > h->ops_count || t->ops > h->ops_count - t->first_op ||
		    !reg_ok(p, t->cgroup_reg) || t->clone_flags & ~(u64)CLONE_NAMESPACES || t->reserved[0] || t->reserved[1] ||
		    (t->purpose == TAPE_SERVE && !serves_ok(p, t)))
			return 0;
	}
	for (u32 i = 0; i < h->ops_count; i++) {
		if (!op_ok(p, &p->ops[i]))
			return 0;
	}
	return 1;
}

/* It becomes a file name in the log directory and a string in the journal. */
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

	if (t->app >= p->header->apps_count || t->role > ROLE_LIVE || t->kind > PROBE_EXPECT)
		return 0;
	/* It is its app's in both directions, so that none is left over. */
	a = &p->apps[t->app];
	if (index < a->first_probe || index - a->first_probe >= a->probes)
		return 0;
	if (t->kind == PROBE_TAPE ? !tape_is(p, t->tape, TAPE_PROBE) : t->tape != -1)
		return 0;
	if (t->kind != PROBE_TAPE && (t->address.length < sizeof(u16) || t->address.length > MAX_ADDRESS))
		return 0;
	if (t->expect.length > MAX_PATTERN || t->refuse.length > MAX_PATTERN)
		return 0;
	/* An answer that must hold nothing would never be complete. */
	if (t->kind == PROBE_EXPECT && t->expect.length == 0)
		return 0;
	/* A period of nothing would be a loop without a pause. */
	return t->period_ms && t->timeout_ms && t->successes && t->failures && span_ok(p, &t->address) &&
	       span_ok(p, &t->request) && span_ok(p, &t->reply) && span_ok(p, &t->expect) && span_ok(p, &t->refuse);
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

/* Whether all that app waits for is in the set. */
static int deps_met(const struct program *p, const struct tape_app *a, u64 set)
{
	for (u32 i = 0; i < a->deps; i++) {
		if (!(set >> p->deps[a->first_dep + i].app & 1))
			return 0;
	}
	return 1;
}

/* Apps that wait for each other in a ring would wait for ever. */
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

static int apps_ok(const struct program *p)
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

static int relocate(const struct program *p, const struct tape_reloc *relocs)
{
	const struct tape_header *h = p->header;

	for (u32 i = 0; i < h->relocs_count; i++) {
		if (relocs[i].at % 8 || relocs[i].at > h->data_size - 8 || relocs[i].target >= h->data_size)
			return -1;
	}
	for (u32 i = 0; i < h->relocs_count; i++)
		*(u64 *)(p->data + relocs[i].at) = (u64)(uintptr_t)(p->data + relocs[i].target);
	return 0;
}

int program_load(struct program *p, void *image, size_t size)
{
	u8 *base = image;
	const struct tape_header *h = image;

	if (size < sizeof(*h) || size > MAX_TAPE_BYTES || !header_ok(h, size))
		return -1;
	p->header = h;
	p->tapes = (const void *)(base + h->tapes_at);
	p->ops = (const void *)(base + h->ops_at);
	p->apps = (const void *)(base + h->apps_at);
	p->deps = (const void *)(base + h->deps_at);
	p->probes = (const void *)(base + h->probes_at);
	p->data = base + h->data_at;
	/* The data is the only part that changes when it is played: nothing else may lie in it, and strings end in it. */
	if (h->data_at < sizeof(*h) || h->data_at + h->data_size != size || p->data[h->data_size - 1] != 0 ||
	    h->tapes_at + h->tapes_count * sizeof(struct tape_entry) > h->data_at ||
	    h->ops_at + h->ops_count * sizeof(struct tape_op) > h->data_at ||
	    h->relocs_at + h->relocs_count * sizeof(struct tape_reloc) > h->data_at ||
	    h->apps_at + h->apps_count * sizeof(struct tape_app) > h->data_at ||
	    h->deps_at + h->deps_count * sizeof(struct tape_dep) > h->data_at ||
	    h->probes_at + h->probes_count * sizeof(struct tape_probe) > h->data_at)
		return -1;
	if (!tapes_ok(p) || !apps_ok(p))
		return -1;
	return relocate(p, (const void *)(base + h->relocs_at));
}

void program_rest(const struct program *p)
{
	uintptr_t page = 4096;
	uintptr_t from = ((uintptr_t)p->ops + page - 1) & ~(page - 1);
	uintptr_t to = (uintptr_t)(p->ops + p->header->ops_count) & ~(page - 1);

	if (from < to)
		sys3(__NR_madvise, from, to - from, MADV_DONTNEED);
}

int program_find(const struct program *p, enum purpose purpose)
{
	for (u32 i = 0; i < p->header->tapes_count; i++) {
		if (p->tapes[i].purpose == purpose)
			return (int)i;
	}
	return -1;
}

static long call(const struct tape_op *op, const long *a)
{
	switch (op->nr) {
	case CALL_STORE32: {
		u32 value = (u32)a[1];

		memcpy((void *)a[0], &value, sizeof(value));
		return 0;
	}
	case CALL_STORE64:
		memcpy((void *)a[0], &a[1], sizeof(a[1]));
		return 0;
	case CALL_CHECK32: {
		s32 value;

		memcpy(&value, (const void *)a[0], sizeof(value));
		return value;
	}
	case CALL_EQUAL:
		return memcmp((const void *)a[0], (const void *)a[1], (size_t)a[2]) ? -ESTALE : 0;
	case CALL_SERVE:
	case CALL_ANSWER:
		return -ENOSYS;
	default:
		return sys6(op->nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	}
}

static int tolerates(const struct tape_op *op, long err)
{
	for (unsigned i = 0; i < op->tolerated; i++) {
		if (op->tolerate[i] == err)
			return 1;
	}
	return 0;
}

int program_play(const struct program *p, u32 tape, s64 *regs, struct fault *fault)
{
	const struct tape_entry *t = &p->tapes[tape];

	*fault = (struct fault){ .tape = tape };
	for (u32 i = 0; i < t->ops; i++) {
		const struct tape_op *op = &p->ops[t->first_op + i];
		long args[6];
		long ret;

		for (unsigned k = 0; k < ARRAY_SIZE(args); k++) {
			unsigned kind = op->kinds >> (2 * k) & 3;

			args[k] = kind == ARG_DATA     ? (long)(p->data + op->args[k]) :
				  kind == ARG_REGISTER ? (long)regs[op->args[k]] :
							 (long)op->args[k];
		}
		do
			ret = call(op, args);
		while (ret == -EINTR);
		if (ret < 0 && ret > -4096) {
			fault->op = i;
			fault->err = (s32)-ret;
			if (!tolerates(op, -ret))
				return -1;
		}
		if (op->out != NO_REG)
			regs[op->out] = ret;
	}
	return 0;
}
