/* Output of an app that is in no log: counted, and reported in the journal. */
#include "stage1.h"

#include <time.h>

static const u64 FIRST_PAUSE_NS = 1000000000u;
static const u64 LAST_PAUSE_NS = 3600000000000u;

void log_note_dropped(struct init *in, u32 index, int last)
{
	struct app_log *log = &in->apps[index].log;
	u64 now = log->dropped_bytes ? clock_ns(CLOCK_MONOTONIC) : 0;
	char line[256];
	struct text t;

	if (!log->dropped_bytes || (!last && now < log->tell_at))
		return;
	t = EVENT(line, "log-dropped");
	event_app(&t, in, index);
	FIELD(&t, "lines", (s64)log->dropped_lines);
	FIELD(&t, "bytes", (s64)log->dropped_bytes);
	/* The pause grows: an app that writes too much for days must not fill the journal instead of its log. */
	if (!log->tell_pause)
		log->tell_pause = FIRST_PAUSE_NS;
	else if (log->tell_pause < LAST_PAUSE_NS)
		log->tell_pause *= 2;
	log->tell_at = now + log->tell_pause;
	if (event_end(in, &t, line)) {
		in->apps[index].book.dropped_lines += log->dropped_lines;
		in->apps[index].book.dropped_bytes += log->dropped_bytes;
		log->dropped_lines = log->dropped_bytes = 0;
	}
	if (log->dropped_bytes || log->is_kept)
		record_dropped(in->regs, index, log->dropped_lines, log->dropped_bytes);
	log->is_kept = log->dropped_bytes > 0;
}

void log_drop(struct init *in, u32 index, struct stream *s, u64 lines, u64 bytes)
{
	struct app_log *log = &in->apps[index].log;

	s->lost_lines += lines;
	s->lost_bytes += bytes;
	log->dropped_lines += lines;
	log->dropped_bytes += bytes;
	log_note_dropped(in, index, 0);
}

/* Counts eight bytes at a time, because an app may write a gigabyte a second. */
u64 count_lines(const char *bytes, size_t size)
{
	const u64 low = 0x7f7f7f7f7f7f7f7full;
	u64 lines = 0;
	size_t at = 0;

	for (; at + 8 <= size; at += 8) {
		u64 word;

		__builtin_memcpy(&word, bytes + at, 8);
		word ^= 0x0a0a0a0a0a0a0a0aull;
		/* Moves the top bit of every zero byte to its lowest bit, then sums the bytes. */
		word = ~(((word & low) + low) | word | low) >> 7;
		lines += word * 0x0101010101010101ull >> 56;
	}
	for (; at < size; at++)
		lines += bytes[at] == '\n';
	return lines;
}

/*
 * In one second an app may fill all of its log files: anything beyond that would only push out output of the same second.
 */
int log_over_quota(struct init *in, u32 index)
{
	struct app_log *log = &in->apps[index].log;
	const struct tape_app *t = &in->program.apps[index];
	u64 second = clock_ns(CLOCK_MONOTONIC) / 1000000000u;

	if (second != log->second) {
		log->second = second;
		log->second_bytes = 0;
	}
	return log->second_bytes >= (u64)t->log_bytes * t->log_files;
}
