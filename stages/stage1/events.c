/* The pod's journal: one JSON object on each line, written by one append. */
#include "stage1.h"

#include <errno.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Lines are built in the caller's buffer; its last two bytes are reserved for the end of the line. */
struct text event_begin(char *buffer, size_t size, const char *name, size_t length)
{
	struct text t = { buffer, buffer + size - 2 };
	u64 now = clock_ns(CLOCK_REALTIME);

	put_literal(&t, "{\"t\":");
	put_number(&t, now / 1000000, 0);
	put_literal(&t, ".");
	put_number(&t, now / 1000 % 1000, 3);
	put_literal(&t, ",\"e\":\"");
	put_string(&t, name, length);
	put_literal(&t, "\"");
	return t;
}

/* The schema checks app names, so they need no escaping. */
void event_app(struct text *t, const struct init *in, u32 index)
{
	const struct tape_app *a = &in->program.apps[index];

	put_literal(t, ",\"app\":\"");
	put_string(t, (const char *)in->program.data + a->name, a->name_length);
	put_literal(t, "\"");
}

void event_field(struct text *t, const char *name, size_t length, s64 value)
{
	put_literal(t, ",\"");
	put_string(t, name, length);
	put_literal(t, "\":");
	if (value < 0)
		put_literal(t, "-");
	put_number(t, (u64)(value < 0 ? -value : value), 0);
}

void event_bytes(struct text *t, const char *name, size_t length, const u8 *bytes, u32 n)
{
	static const char digits[] = "0123456789abcdef";

	put_literal(t, ",\"");
	put_string(t, name, length);
	put_literal(t, "\":\"");
	for (u32 i = 0; i < n; i++) {
		char escaped[6] = { '\\', 'u', '0', '0', digits[bytes[i] >> 4], digits[bytes[i] & 15] };

		if (bytes[i] < ' ' || bytes[i] == '"' || bytes[i] == '\\' || bytes[i] == 127)
			put_string(t, escaped, sizeof(escaped));
		else
			put_string(t, (const char *)&bytes[i], 1);
	}
	put_literal(t, "\"");
}

/* On a full disk the whole line is lost, never part of it, because the next line would be appended to the part. */
long journal_append(const struct init *in, const char *lines, long size)
{
	long fd = in->regs[R_EVENTS];
	long n = sys3(__NR_write, fd, lines, size);
	long end;

	if (n == size)
		return sys3(__NR_lseek, fd, 0, SEEK_CUR);
	if (n < 0)
		return n;
	end = sys3(__NR_lseek, fd, 0, SEEK_END);
	if (end >= n)
		sys2(__NR_ftruncate, fd, end - n);
	return -ENOSPC;
}

void event_pin(struct init *in, u32 index, u32 pin)
{
	in->journal.book = &in->apps[index].book;
	in->journal.pin = &in->journal.book->pins[pin];
}

static void note_pin(struct journal *j, u64 offset, u32 length)
{
	struct journal_pin *pin = j->pin;
	struct journal_book *b = j->book;

	if (!pin)
		return;
	if (b && pin == &b->pins[PIN_START]) {
		b->pins[PIN_START_BEFORE] = *pin;
		b->starts++;
	}
	*pin = (struct journal_pin){ .offset = offset, .length = length };
}

int event_end(struct init *in, struct text *t, const char *buffer)
{
	long size;
	long end;

	t->end += 2;
	put_literal(t, "}\n");
	size = t->at - buffer;
	end = journal_append(in, buffer, size);
	if (end >= 0)
		note_pin(&in->journal, (u64)(end - size), (u32)size);
	in->journal.pin = NULL;
	in->journal.book = NULL;
	if (end >= 0)
		journal_shorten(in, (u64)end);
	return end >= 0;
}

/*
 * The pod's final record: init writes how it will end, then the monitor how it did. The file was allocated when the pod was
 * made, so a full disk cannot lose the record. Each write has the same length, so that nothing of an earlier record
 * remains.
 *
 * After it, each app has a slot for lost output that could not be reported in the journal.
 */
enum { FINAL_BYTES = 512, DROPPED_BYTES = 64 };

void record_dropped(const s64 *regs, u32 index, u64 lines, u64 bytes)
{
	char line[DROPPED_BYTES];
	struct text t = { line, line + sizeof(line) - 1 };

	memset(line, ' ', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\n';
	put_literal(&t, "{\"lines\":");
	put_number(&t, lines, 0);
	put_literal(&t, ",\"bytes\":");
	put_number(&t, bytes, 0);
	put_literal(&t, "}");
	if (regs[R_FINAL] >= 0)
		sys4(__NR_pwrite64, regs[R_FINAL], line, sizeof(line), FINAL_BYTES + (u64)index * DROPPED_BYTES);
}

/* In the slot after those of the apps. */
void record_journal_start(const s64 *regs, u32 apps, u64 from)
{
	char line[DROPPED_BYTES];
	struct text t = { line, line + sizeof(line) - 1 };

	memset(line, ' ', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\n';
	put_literal(&t, "{\"from\":");
	put_number(&t, from, 0);
	put_literal(&t, "}");
	if (regs[R_FINAL] >= 0)
		sys4(__NR_pwrite64, regs[R_FINAL], line, sizeof(line), FINAL_BYTES + (u64)apps * DROPPED_BYTES);
}

void record_final(const s64 *regs, int status)
{
	char line[96];
	struct text t = { line, line + sizeof(line) };

	memset(line, ' ', sizeof(line));
	put_literal(&t, "{\"t\":");
	put_number(&t, clock_ns(CLOCK_REALTIME) / 1000000, 0);
	put_literal(&t, ",\"code\":");
	put_number(&t, WIFEXITED(status) ? (u64)WEXITSTATUS(status) : 0, 0);
	put_literal(&t, ",\"signal\":");
	put_number(&t, WIFSIGNALED(status) ? (u64)WTERMSIG(status) : 0, 0);
	put_literal(&t, "}");
	if (regs[R_FINAL] >= 0)
		sys4(__NR_pwrite64, regs[R_FINAL], line, sizeof(line), 0);
}
