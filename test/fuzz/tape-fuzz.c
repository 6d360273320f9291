/*
 * Feeds mutated tapes to program_load and, when it takes one, plays all of it with no kernel behind. Built with ASan and UBSan:
 * whatever reads or writes outside of the tape, or changes anything but its data, ends the run.
 *
 * tape-fuzz SEED COUNT TAPE...
 */
#include "../../stages/stage1/tape.h"

#include <errno.h>
#include <sanitizer/asan_interface.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "random.h"

enum { MAX_TAPES = 16, ROOM = 4096 };

struct sample {
	u8 *bytes;
	size_t size;
};

static struct sample samples[MAX_TAPES];
static int samples_count;
static u8 *input;
static u8 *before;
static size_t capacity;
static s64 regs[MAX_REGS];
static u64 accepted, played;

/* What a kernel might say; never twice EINTR in a row, which is tried again for ever. */
long sys6(long nr, long a, long b, long c, long d, long e, long f)
{
	static const long answers[] = { 0, 3, 900, -ENOENT, -EINTR, -EACCES, -4095, -4096, 1 << 30 };
	static long last;
	long answer = answers[random_below(ARRAY_SIZE(answers))];

	(void)nr, (void)a, (void)b, (void)c, (void)d, (void)e, (void)f;
	last = answer == -EINTR && last == -EINTR ? 0 : answer;
	return last;
}

static u32 interesting(size_t size)
{
	u32 around = (u32)size + random_below(33) - 16;
	const u32 values[] = { 0, 1, ~0u, 0x7fffffff, 0x80000000, 0xffff, 0xfff8, 8, 16, 63, 64, 65, around, around & ~7u };
	u32 pick = random_below(ARRAY_SIZE(values) + 3);

	return pick < ARRAY_SIZE(values) ? values[pick] : random_below((u32)size + 64);
}

static void put(size_t at, u32 value, size_t width)
{
	memcpy(input + at, &value, width);
}

/* Of the header's tables, in its order: the bytes, not items. */
enum { DATA = 5 };

/* A 16 or 32-bit field of the header, or of an item of one of its tables. */
static void mutate_field(size_t size)
{
	static const u8 items[] = { sizeof(struct tape_entry), sizeof(struct tape_op), sizeof(struct tape_reloc),
				    sizeof(struct tape_app), sizeof(struct tape_dep), 8, sizeof(struct tape_probe) };
	u32 which = random_below(ARRAY_SIZE(items) + 1);
	size_t at = 8 + 4 * random_below(18);
	u32 table[2];

	if (which < ARRAY_SIZE(items)) {
		memcpy(table, before + 24 + 8 * which, sizeof(table));
		if (table[1] == 0)
			return;
		at = table[0] + (size_t)items[which] * random_below(which == DATA ? table[1] / 8 + 1 : table[1]) +
		     2 * random_below(items[which] / 2);
	}
	if (at + 4 <= size)
		put(at, interesting(size), random_below(2) ? 4 : 2);
}

static void mutate_bytes(size_t size)
{
	size_t at = random_below((u32)size);
	size_t length = 1 + random_below(16);
	size_t from = random_below((u32)size);

	switch (random_below(3)) {
	case 0:
		input[at] ^= (u8)(1 << random_below(8));
		break;
	case 1:
		while (length-- && at < size)
			input[at++] = (u8)random_bits();
		break;
	default:
		length *= 8;
		if (at + length <= size && from + length <= size)
			memmove(input + at, input + from, length);
	}
}

/* Noise, half the time behind a header that makes it to the next check. */
static size_t make_noise(void)
{
	size_t size = 1 + random_below(ROOM);
	u32 whole = (u32)size;

	for (size_t i = 0; i < size; i++)
		input[i] = (u8)random_bits();
	if (size >= sizeof(struct tape_header) && random_below(2)) {
		memcpy(input, samples[0].bytes, 24);
		memcpy(input + 16, &whole, sizeof(whole));
	}
	return size;
}

static size_t make_input(void)
{
	/* The smallest far more often: a mutation of it is more likely to hit something. */
	struct sample *s = &samples[random_below(64) ? 0 : random_below((u32)samples_count)];
	size_t size = s->size;

	if (random_below(16) == 0)
		return make_noise();
	memcpy(input, s->bytes, size);
	memcpy(before, s->bytes, size < ROOM ? size : ROOM);
	for (u32 n = 1 + random_below(4); n > 0; n--) {
		if (random_below(4))
			mutate_field(size);
		else
			mutate_bytes(size);
	}
	if (random_below(16) == 0) {
		u32 cut = 1 + random_below((u32)size);

		size = cut;
		if (random_below(2) && size >= sizeof(struct tape_header))
			put(16, cut, 4);
	}
	return size;
}

static void require(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "tape-fuzz: %s\n", what);
	abort();
}

/* All that the metadata service reads of the tape later on. */
static void check_answers(const struct program *p, const struct tape_entry *t, const u8 *end)
{
	require(t->ops > 0 && p->ops[t->first_op].nr == CALL_SERVE, "nobody says who serves");
	for (u32 i = 0; i < t->ops; i++) {
		const struct tape_op *op = &p->ops[t->first_op + i];
		int is_first = i == 0;

		require(is_first || op->nr == CALL_ANSWER, "something else among the answers");
		require(op->args[1] <= (u64)(end - (p->data + op->args[0])), "a key or path leaves the data");
		if (is_first) {
			require(p->data + op->args[2] + 36 <= end, "the uuid leaves the data");
			require((op->kinds >> 8 & 3) == ARG_REGISTER, "who serves is no register");
			continue;
		}
		require(op->args[5] <= (u64)(end - (p->data + op->args[3])) && op->args[4] <= op->args[5],
			"an answer leaves the data");
		require(op->args[2] != ANSWER_SIGN || op->args[5] <= 1024, "an answer has no room for its signature");
	}
}

/* The verifier's promises, checked in other words than its own. */
static void check_promises(const struct program *p, size_t size)
{
	const struct tape_header *h = p->header;
	u8 *end = p->data + h->data_size;

	require(p->data >= input + sizeof(*h) && end == input + size && end[-1] == 0, "the data is not the tape's end");
	for (u32 i = 0; i < h->ops_count; i++) {
		for (int k = 0; k < 6; k++) {
			unsigned kind = p->ops[i].kinds >> (2 * k) & 3;

			require(kind != ARG_DATA || p->data + p->ops[i].args[k] + 8 <= end, "a pointer leaves the data");
			require(kind != ARG_REGISTER || p->ops[i].args[k] < h->regs, "a register is not there");
		}
	}
	for (u32 i = 0; i < h->tapes_count; i++) {
		if (p->tapes[i].purpose == TAPE_SERVE)
			check_answers(p, &p->tapes[i], end);
	}
	for (u32 i = 0; i < h->apps_count; i++)
		require(!memchr(p->data + p->apps[i].name, '/', p->apps[i].name_length), "a name is a path");
}

static void check_span(const struct program *p, const struct tape_span *s)
{
	require((u64)s->at + s->length <= p->header->data_size, "a probe's bytes leave the data");
}

static void check_probes(const struct program *p)
{
	for (u32 i = 0; i < p->header->probes_count; i++) {
		const struct tape_probe *t = &p->probes[i];

		require((const u8 *)(t + 1) <= p->data, "a probe lies in the data");
		require(t->app < p->header->apps_count && t->period_ms && t->timeout_ms, "a probe cannot be asked");
		require((t->kind == PROBE_TAPE) == (t->tape >= 0), "a probe has a tape that it does not play");
		check_span(p, &t->address);
		check_span(p, &t->request);
	}
}

static void play_all(const struct program *p, size_t size)
{
	size_t code = (size_t)(p->data - input);
	struct fault fault;

	require(capacity >= size, "the input is larger than its room");
	memcpy(before, input, code);
	for (u32 i = 0; i < p->header->regs; i++)
		regs[i] = (s64)random_bits();
	ASAN_POISON_MEMORY_REGION(regs + p->header->regs, sizeof(regs) - p->header->regs * sizeof(regs[0]));
	for (u32 i = 0; i < p->header->tapes_count; i++) {
		program_play(p, i, regs, &fault);
		played++;
	}
	for (int purpose = 0; purpose < TAPE_PURPOSES; purpose++)
		require(program_find(p, purpose) < (s64)p->header->tapes_count, "a tape was found that is not there");
	ASAN_UNPOISON_MEMORY_REGION(regs, sizeof(regs));
	require(memcmp(before, input, code) == 0, "playing changed more than the data");
}

static int feed(size_t size)
{
	struct program p;
	int ok;

	ASAN_POISON_MEMORY_REGION(input + size, capacity - size);
	ok = program_load(&p, input, size) == 0;
	if (ok) {
		accepted++;
		check_promises(&p, size);
		check_probes(&p);
		play_all(&p, size);
	}
	ASAN_UNPOISON_MEMORY_REGION(input, capacity);
	return ok;
}

static void read_sample(const char *path)
{
	struct sample *s = &samples[samples_count++];
	FILE *file = fopen(path, "rb");

	require(file && samples_count < MAX_TAPES, path);
	fseek(file, 0, SEEK_END);
	s->size = (size_t)ftell(file);
	rewind(file);
	s->bytes = malloc(s->size);
	require(s->bytes && fread(s->bytes, 1, s->size, file) == s->size, path);
	fclose(file);
	if (s->size > capacity)
		capacity = s->size;
}

int main(int argc, char **argv)
{
	u64 count = argc > 3 ? strtoull(argv[2], NULL, 10) : 0;

	require(count > 0, "usage: tape-fuzz SEED COUNT TAPE...");
	capacity = ROOM;
	for (int i = 3; i < argc; i++)
		read_sample(argv[i]);
	input = aligned_alloc(4096, (capacity + 4095) & ~(size_t)4095);
	before = malloc(capacity);
	require(input && before, "out of memory");
	for (int i = 0; i < samples_count; i++) {
		memcpy(input, samples[i].bytes, samples[i].size);
		require(feed(samples[i].size), "a tape of the encoder was refused");
	}
	seed_random(strtoull(argv[1], NULL, 10));
	for (u64 n = 0; n < count; n++)
		feed(make_input());
	printf("%llu tapes, %llu taken and played, %llu refused\n", (unsigned long long)count,
	       (unsigned long long)accepted - (unsigned long long)samples_count,
	       (unsigned long long)(count + (u64)samples_count - accepted));
	return 0;
}
