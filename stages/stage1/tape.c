#include "tape.h"
#include "verify.h"

#include <errno.h>
#include <sys/mman.h>

enum { OPEN_ATTEMPTS = 100 };

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
	/*
	 * The data is the only part that changes when the tape is played: nothing else may be in it, and strings must end in it.
	 */
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

/*
 * The kernel gives up when a rename or a mount anywhere on the machine could have led a ".." of the path out of the root, and says
 * to try again: openat2(2). Each try takes microseconds, so that one of them meets no rename even while some process makes as many
 * as it can.
 */
static long open_within(const long *a)
{
	long fd = -EAGAIN;

	for (int i = 0; i < OPEN_ATTEMPTS && fd == -EAGAIN; i++)
		fd = sys4(__NR_openat2, a[0], a[1], a[2], a[3]);
	return fd;
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
	case __NR_openat2:
		return open_within(a);
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

/*
 * Whether an earlier errno is more informative than this tolerated one. When several files are tried in turn, a file that
 * exists but may not be executed is worth reporting, even if later files do not exist: execvp(3).
 */
static int says_more(const struct fault *fault, const struct tape_op *before, const struct tape_op *op)
{
	return fault->err == EACCES && before->nr == op->nr;
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
			int stops = !tolerates(op, -ret);

			if (stops || !says_more(fault, &p->ops[t->first_op + fault->op], op)) {
				fault->op = i;
				fault->err = (s32)-ret;
			}
			if (stops)
				return -1;
		}
		if (op->out != NO_REG)
			regs[op->out] = ret;
	}
	return 0;
}
