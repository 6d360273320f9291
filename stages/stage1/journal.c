/*
 * The journal is bounded: an app that crashes for a year would write a hundred megabytes. When the journal has grown
 * enough, the lines that describe every app's state are repeated at its end, and everything before its last part is freed
 * on disk. Offsets do not change, so readers that follow the journal can go on; the offset where it begins is in the pod's
 * final record.
 */
#include "stage1.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>

enum { GROWN = 256 << 10, KEPT = 64 << 10, BLOCK = 4096 };
/*
 * Sizes of the lines of one app: those of probes and of its end can be long, because they contain a command's output; the
 * others are short.
 */
enum { LONG_PINS = 4, OTHER_LINE = 320, ALL_LINES = LONG_PINS * MAX_PROBE_LINE + (PINS - LONG_PINS + 1) * OTHER_LINE };

static char block[ALL_LINES];

/* The lines that describe an app's state, in the order in which they were written. */
static u32 pins_in_order(const struct journal_pin *pins, const struct journal_pin **out)
{
	u32 n = 0;

	for (u32 i = 0; i < PINS; i++) {
		u32 at = n;

		if (!pins[i].length)
			continue;
		for (; at > 0 && out[at - 1]->offset > pins[i].offset; at--)
			out[at] = out[at - 1];
		out[at] = &pins[i];
		n++;
	}
	return n;
}

/* "carried" gives the counts for everything before; the `copies` lines after it are copies. */
static void put_carried(struct text *t, struct init *in, u32 index, u32 copies)
{
	const struct journal_book *b = &in->apps[index].book;
	u32 starts = b->starts - (b->pins[PIN_START].length > 0) - (b->pins[PIN_START_BEFORE].length > 0);
	struct text line = event_begin(t->at, (size_t)(t->end - t->at), "carried", sizeof("carried") - 1);

	event_app(&line, in, index);
	FIELD(&line, "copies", copies);
	FIELD(&line, "starts", starts);
	FIELD(&line, "lines", (s64)b->dropped_lines);
	FIELD(&line, "bytes", (s64)b->dropped_bytes);
	put_literal(&line, "}\n");
	t->at = line.at;
}

/* 0: it did not fit, or could not be read or written; then nothing has changed. */
static int carry(struct init *in, u32 index)
{
	struct journal_book *b = &in->apps[index].book;
	const struct journal_pin *order[PINS];
	u32 n = pins_in_order(b->pins, order);
	struct text t = { block, block + sizeof(block) };
	u64 moved[PINS];
	long end;

	put_carried(&t, in, index, n);
	for (u32 i = 0; i < n; i++) {
		long length = order[i]->length;

		if (t.end - t.at < length ||
		    sys4(__NR_pread64, in->regs[R_EVENTS], t.at, length, order[i]->offset) != length)
			return 0;
		moved[i] = (u64)(t.at - block);
		t.at += length;
	}
	end = journal_append(in, block, t.at - block);
	if (end < 0)
		return 0;
	for (u32 i = 0; i < n; i++)
		((struct journal_pin *)order[i])->offset = (u64)end - (u64)(t.at - block) + moved[i];
	return 1;
}

/* Carries over the lines of the pod itself. */
static int carry_pod(struct init *in)
{
	struct journal_pin *pins = in->journal.pod;
	struct text t = event_begin(block, sizeof(block), "carried-pod", sizeof("carried-pod") - 1);
	u32 n = 1 + (pins[1].length > 0);
	long end;

	FIELD(&t, "copies", n);
	put_literal(&t, "}\n");
	for (u32 i = 0; i < n; i++) {
		long length = pins[i].length;

		if (sys4(__NR_pread64, in->regs[R_EVENTS], t.at, length, pins[i].offset) != length)
			return 0;
		t.at += length;
	}
	end = journal_append(in, block, t.at - block);
	if (end < 0)
		return 0;
	pins[1].offset = (u64)end - pins[1].length;
	pins[0].offset = pins[1].offset - pins[0].length;
	return 1;
}

void journal_shorten(struct init *in, u64 end)
{
	u64 from;
	int all;

	if (end < (in->journal.next ? in->journal.next : GROWN))
		return;
	from = (end - KEPT) / BLOCK * BLOCK;
	all = carry_pod(in);
	for (u32 i = 0; all && i < in->program.header->apps_count; i++)
		all = carry(in, i);
	/*
	 * Whether or not it worked, wait for that much growth before the next time: with many apps, the copies themselves are that
	 * long.
	 */
	in->journal.next = (u64)sys3(__NR_lseek, in->regs[R_EVENTS], 0, SEEK_END) + GROWN;
	if (!all)
		return;
	record_journal_start(in->regs, in->program.header->apps_count, from);
	/* If the file system cannot punch holes, the old part stays on disk but is not read any more. */
	sys4(__NR_fallocate, in->regs[R_EVENTS], FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, from);
}
