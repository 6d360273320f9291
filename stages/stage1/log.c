/*
 * Writes each app's output to a file of its own: "TIME stdout|stderr F|P text", with P for a part of an unfinished line,
 * and "TIME stdout|stderr G LINES BYTES" where that much is missing. Nothing here blocks an app for good: output that
 * cannot be written is dropped and counted.
 */
#include "stage1.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>

enum { CHUNK = 16 << 10, OUTPUT = 32 << 10, PREFIX = 48, READS_A_TURN = 4, READS_TO_DRAIN = 128 };

static char chunk[CHUNK];
static char output[OUTPUT];
/* How much of the app's output is in the buffer, and whether it begins with an entry about missing output. */
static struct batch { u64 lines, bytes; u8 tells_gap; } batch;

char *log_name(const struct program *p, u32 index, u32 generation, char *path, size_t size)
{
	const struct tape_app *a = &p->apps[index];
	struct text t = { path, path + size - 1 };

	put_string(&t, (const char *)p->data + a->name, a->name_length);
	put_literal(&t, ".log");
	if (generation) {
		put_literal(&t, ".");
		put_number(&t, generation, 0);
	}
	*t.at = 0;
	return path;
}

void log_open(struct init *in, u32 index)
{
	struct app_log *log = &in->apps[index].log;
	char path[96];
	long size;

	log->fd = (s32)sys4(__NR_openat, in->regs[R_LOGS], log_name(&in->program, index, 0, path, sizeof(path)),
			    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	size = log->fd < 0 ? 0 : sys3(__NR_lseek, log->fd, 0, SEEK_END);
	log->bytes = size < 0 ? 0 : (u64)size;
}

/* name.log becomes name.log.1, and so on; the oldest file is replaced. */
static void rotate(struct init *in, u32 index)
{
	long dir = in->regs[R_LOGS];
	char from[96];
	char to[96];

	for (u32 i = in->program.apps[index].log_files - 1; i > 0; i--)
		sys4(__NR_renameat, dir, log_name(&in->program, index, i - 1, from, sizeof(from)), dir,
		     log_name(&in->program, index, i, to, sizeof(to)));
	/* An app with a single log file keeps no old one. */
	if (in->program.apps[index].log_files == 1)
		sys3(__NR_unlinkat, dir, log_name(&in->program, index, 0, from, sizeof(from)), 0);
	sys_close(in->apps[index].log.fd);
	log_open(in, index);
}

/* Returns whether everything went to the file; otherwise it counts as dropped. s is the stream it came from. */
static int flush(struct init *in, u32 index, struct stream *s, struct text *t)
{
	struct app_log *log = &in->apps[index].log;
	u64 size = (u64)(t->at - output);
	struct batch wanted = batch;
	long n;

	t->at = output;
	batch = (struct batch){ 0 };
	if (size == 0)
		return 1;
	if (log->bytes > 0 && log->bytes + size > in->program.apps[index].log_bytes)
		rotate(in, index);
	if (log->fd < 0)
		log_open(in, index);
	/* Still full because nothing could be renamed: then no more than the limit is kept. */
	if (log->bytes > 0 && log->bytes + size > in->program.apps[index].log_bytes)
		n = 0;
	else
		n = sys3(__NR_write, log->fd, output, size);
	if (n == (long)size) {
		log->bytes += size;
		log->second_bytes += size;
		if (wanted.tells_gap)
			s->lost_lines = s->lost_bytes = 0;
		log_note_dropped(in, index, 0);
		return 1;
	}
	/* Whole lines only: a partial write is taken back. */
	if (n > 0)
		sys2(__NR_ftruncate, log->fd, log->bytes);
	log_drop(in, index, s, wanted.lines, wanted.bytes);
	return 0;
}

/* RFC 3339 in UTC with nanoseconds; the calendar arithmetic is Howard Hinnant's civil_from_days. */
static void put_time(struct text *t, u64 ns)
{
	u64 seconds = ns / 1000000000u;
	u32 z = (u32)(seconds / 86400) + 719468;
	u32 era = z / 146097;
	u32 day_of_era = z % 146097;
	u32 year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	u32 day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	u32 shifted_month = (5 * day_of_year + 2) / 153;
	u32 month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;

	put_number(t, year_of_era + era * 400 + (month <= 2), 4);
	put_literal(t, "-");
	put_number(t, month, 2);
	put_literal(t, "-");
	put_number(t, day_of_year - (153 * shifted_month + 2) / 5 + 1, 2);
	put_literal(t, "T");
	put_number(t, seconds / 3600 % 24, 2);
	put_literal(t, ":");
	put_number(t, seconds / 60 % 60, 2);
	put_literal(t, ":");
	put_number(t, seconds % 60, 2);
	put_literal(t, ".");
	put_number(t, ns % 1000000000u, 9);
	put_literal(t, "Z ");
}

/* Writes one entry, beginning with the time and the stream from the prefix. */
static void put_entry(struct text *out, const struct text *prefix, const char *start, int is_open, const char *bytes, size_t n)
{
	put_string(out, start, (size_t)(prefix->at - start));
	if (is_open)
		put_literal(out, "P ");
	else
		put_literal(out, "F ");
	put_string(out, bytes, n);
	put_literal(out, "\n");
}

/* The beginning of every entry: the time and the stream. */
static void put_prefix(struct text *p, const struct stream *s)
{
	put_time(p, clock_ns(CLOCK_REALTIME));
	if (s->tag == 2)
		put_literal(p, "hook ");
	else if (s->tag)
		put_literal(p, "stderr ");
	else
		put_literal(p, "stdout ");
}

/* Writes an entry of its own for missing output, which must not join two lines into one. */
static void put_gap(struct text *out, const struct text *prefix, const char *start, const struct stream *s)
{
	if (s->open_line)
		put_entry(out, prefix, start, 0, "", 0);
	put_string(out, start, (size_t)(prefix->at - start));
	put_literal(out, "G ");
	put_number(out, s->lost_lines, 0);
	put_literal(out, " ");
	put_number(out, s->lost_bytes, 0);
	put_literal(out, "\n");
	batch.tells_gap = 1;
}

static void put_lines(struct init *in, u32 index, struct stream *s, size_t n)
{
	struct text out = { output, output + sizeof(output) };
	char prefix[PREFIX];
	struct text p = { prefix, prefix + sizeof(prefix) };
	int is_open = s->open_line;
	size_t at = 0;

	put_prefix(&p, s);
	while (at < n) {
		size_t end = at;

		while (end < n && chunk[end] != '\n')
			end++;
		/* Leaves room for the end of an earlier line. */
		if ((size_t)(out.end - out.at) < 2 * (PREFIX + 4) + end - at && flush(in, index, s, &out))
			s->open_line = (u8)is_open;
		if (s->lost_bytes && out.at == output)
			put_gap(&out, &p, prefix, s);
		is_open = end == n;
		put_entry(&out, &p, prefix, is_open, chunk + at, end - at);
		batch.lines += !is_open;
		batch.bytes += end - at + !is_open;
		at = end + 1;
	}
	if (flush(in, index, s, &out))
		s->open_line = (u8)is_open;
}

/* Writes an entry that is not output: missing output, or the end of an unfinished line. */
static void put_own(struct init *in, u32 index, struct stream *s)
{
	struct text out = { output, output + sizeof(output) };
	char prefix[PREFIX];
	struct text p = { prefix, prefix + sizeof(prefix) };

	put_prefix(&p, s);
	if (s->lost_bytes)
		put_gap(&out, &p, prefix, s);
	else
		put_entry(&out, &p, prefix, 0, "", 0);
	if (flush(in, index, s, &out))
		s->open_line = 0;
}

static void put_last_gap(struct init *in, u32 index, struct stream *s)
{
	if (s->lost_bytes)
		put_own(in, index, s);
}

/* Output of the next instance must not continue an unfinished line of the last one. */
void log_break(struct init *in, u32 index, struct stream *s)
{
	if (s->open_line)
		put_own(in, index, s);
}

long stream_open(struct stream *s, u8 tag, s32 *write_end)
{
	s32 pipe[2];
	long ret = sys2(__NR_pipe2, pipe, O_CLOEXEC);

	if (ret < 0)
		return ret;
	sys3(__NR_fcntl, pipe[0], F_SETFL, O_NONBLOCK);
	*s = (struct stream){ .fd = pipe[0], .tag = tag };
	*write_end = pipe[1];
	return 0;
}

void stream_close(struct init *in, u32 index, struct stream *s)
{
	if (s->fd < 0)
		return;
	watch(in, s->fd, s->tag ? WATCH_ERR : WATCH_OUT, index, 0);
	sys_close(s->fd);
	s->fd = -1;
}

/* drain: reads everything in the pipe now. A pipe holds at most 1 MiB; the count limits an orphan that goes on writing. */
void log_pump(struct init *in, u32 index, struct stream *s, int drain)
{
	if (s->fd < 0)
		return;
	for (int turn = 0; turn < (drain ? READS_TO_DRAIN : READS_A_TURN); turn++) {
		long n = sys3(__NR_read, s->fd, chunk, sizeof(chunk));

		if (n == -EAGAIN || n == -EINTR)
			return;
		if (n <= 0) {
			stream_close(in, index, s);
			return;
		}
		if (s->tag < 2)
			attach_show(in, index, s->tag, chunk, (size_t)n);
		if (log_over_quota(in, index))
			log_drop(in, index, s, count_lines(chunk, (size_t)n), (u64)n);
		else
			put_lines(in, index, s, (size_t)n);
	}
}

void log_end(struct init *in, u32 index, struct stream *s)
{
	log_pump(in, index, s, 1);
	stream_close(in, index, s);
	put_last_gap(in, index, s);
	s->lost_lines = s->lost_bytes = 0;
}

void log_settle(struct init *in, u32 index)
{
	struct app *a = &in->apps[index];

	log_pump(in, index, &a->out, 1);
	log_pump(in, index, &a->err, 1);
	put_last_gap(in, index, &a->out);
	put_last_gap(in, index, &a->err);
	log_note_dropped(in, index, 1);
}
