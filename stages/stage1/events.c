/* The pod's journal: one JSON object a line, each written whole by one append. */
#include "stage1.h"

#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Lines are built in the caller's buffer; the last two bytes are kept for the end. */
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

/* App names are checked by the schema: nothing in them needs escaping. */
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

/* A full disk loses the line, never part of it: the next one would be glued to what is there. */
static int append_whole(long fd, const char *line, long size)
{
	long n = sys3(__NR_write, fd, line, size);
	long end;

	if (n == size)
		return 1;
	if (n <= 0)
		return 0;
	end = sys3(__NR_lseek, fd, 0, SEEK_END);
	if (end >= n)
		sys2(__NR_ftruncate, fd, end - n);
	return 0;
}

int event_end(const struct init *in, struct text *t, const char *buffer)
{
	t->end += 2;
	put_literal(t, "}\n");
	return in->regs[R_EVENTS] >= 0 && append_whole(in->regs[R_EVENTS], buffer, t->at - buffer);
}

/*
 * The pod's last word: init says how it will end, the monitor how it did. The file was allocated when the pod was made, so a
 * full disk cannot lose it; one write of always the same length, so no word shows through another.
 *
 * Behind it each app has a place for what of its output is lost and could not be told in the journal.
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
