#include "verify.h"

#include <linux/audit.h>
#include <linux/sched.h>

#if defined(__x86_64__)
#define OUR_ARCH AUDIT_ARCH_X86_64
#else
#define OUR_ARCH AUDIT_ARCH_AARCH64
#endif

static int table_fits(u32 at, u32 count, size_t item, size_t size)
{
	return at % 8 == 0 && at <= size && (u64)count * item <= size - at;
}

int header_ok(const struct tape_header *h, size_t size)
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

int reg_ok(const struct program *p, s32 reg)
{
	return reg >= -1 && reg < (s32)p->header->regs;
}

static unsigned kind_of(const struct tape_op *op, unsigned arg)
{
	return op->kinds >> (2 * arg) & 3;
}

/* Whether a range of data is valid: its address is one argument, its length another. */
static int args_span_ok(const struct program *p, const struct tape_op *op, unsigned at, unsigned length)
{
	u64 room = p->header->data_size;

	return kind_of(op, at) == ARG_DATA && kind_of(op, length) == ARG_IMMEDIATE && op->args[length] <= room &&
	       op->args[at] <= room - op->args[length];
}

/* The metadata service reads these long after they were verified: see metadata-reply.c. */
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
	if (op->flags & OP_HAND_OVER && op->out == NO_REG)
		return 0;
	for (unsigned i = 0; i < ARRAY_SIZE(op->args); i++) {
		unsigned kind = op->kinds >> (2 * i) & 3;

		if (kind > ARG_REGISTER)
			return 0;
		if (kind == ARG_REGISTER && op->args[i] >= p->header->regs)
			return 0;
		/* Eight bytes must follow, so that the machine's own calls stay inside too. */
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

/* A list of ops that are not played: first the service, then its answers. */
static int serves_ok(const struct program *p, const struct tape_entry *t)
{
	for (u32 i = 0; i < t->ops; i++) {
		if (p->ops[t->first_op + i].nr != (i == 0 ? CALL_SERVE : CALL_ANSWER))
			return 0;
	}
	return t->ops > 0;
}

/* Flags allowed for processes of a pod: namespaces, and nothing that shares memory or descriptors with init. */
#define CLONE_NAMESPACES                                                                                              \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET |       \
	 CLONE_NEWTIME)

int tapes_ok(const struct program *p)
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
