/*
 * Feeds answers to the reader of gRPC health checks, whole, cut anywhere and byte by byte, from memory that ends where they end.
 * Under ASan and UBSan. Each answer must have the same result however it is cut.
 *
 * grpc-fuzz SEED COUNT: answers that are made up and damaged. One that is not damaged must have the result it was made for.
 * grpc-fuzz -: answers in hexadecimal, one on each line of standard input; prints their results and the replies.
 */
#include "../../stages/stage1/grpc.h"
#include "../../stages/stage1/io.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "random.h"

enum { ROOM = 128 << 10, DATA = 0, HEADERS = 1, CONTINUATION = 9, END_STREAM = 1, END_HEADERS = 4, PADDED = 8, PRIORITY = 32 };

struct answer {
	u8 bytes[ROOM];
	size_t size;
};

static struct answer answer;

static void require(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "grpc-fuzz: %s, after", what);
	for (size_t i = 0; i < answer.size && i < 512; i++)
		fprintf(stderr, " %02x", answer.bytes[i]);
	fprintf(stderr, "\n");
	abort();
}

/* Nothing that is linked here may make a call. */
long sys6(long nr, long a, long b, long c, long d, long e, long f)
{
	(void)nr, (void)a, (void)b, (void)c, (void)d, (void)e, (void)f;
	require(0, "a system call");
	return 0;
}

static void put(const void *bytes, size_t n)
{
	require(answer.size + n <= ROOM, "an answer is too long to be made");
	memcpy(answer.bytes + answer.size, bytes, n);
	answer.size += n;
}

static void put_head(u8 type, u8 flags, u32 stream, size_t length)
{
	u8 head[9] = { (u8)(length >> 16), (u8)(length >> 8), (u8)length, type, flags, 0, 0, 0, (u8)stream };

	put(head, sizeof(head));
}

/* In as many frames as chance decides, some padded, some with a priority. */
static void put_split(u8 type, u8 last_flag, u8 flags, const u8 *bytes, size_t size)
{
	static const u8 zeros[256];

	do {
		size_t n = random_below(2) ? size : random_below((u32)size + 1);
		u8 padding = type != CONTINUATION && random_below(3) == 0 ? (u8)random_bits() : 0;
		u8 now = flags | (n == size ? last_flag : 0);
		u8 before = 0;

		if (padding)
			now |= PADDED, before = 1;
		if (type == HEADERS && random_below(4) == 0)
			now |= PRIORITY, before += 5;
		put_head(type, now, 1, before + n + padding);
		put(&padding, padding ? 1 : 0);
		put(zeros, now & PRIORITY ? 5 : 0);
		put(bytes, n);
		put(zeros, padding);
		bytes += n;
		size -= n;
		if (type == HEADERS)
			type = CONTINUATION, flags = 0;
		if (now & last_flag)
			return;
	} while (1);
}

static void put_noise(void)
{
	static const u8 zeros[64] = { [7] = 1 };

	switch (random_below(6)) {
	case 0:
		put_head(6, (u8)random_below(2), 0, 8);
		put(zeros, 8);
		break;
	case 1:
		put_head(8, 0, random_below(2), 4);
		put(zeros + 4, 4);
		break;
	case 2:
		put_head((u8)(10 + random_below(200)), (u8)random_bits(), random_below(9), 30);
		put(zeros, 30);
		break;
	case 3:
		put_head(4, 0, 0, 12);
		put(zeros, 12);
		break;
	default:
		break;
	}
}

static size_t make_headers(u8 *to)
{
	static const u8 status[] = { 0x20, 0x88 };
	static const u8 other[] = { 0x40, 1, 'x', 3, 'a', 'b', 'c' };
	size_t n = 0;

	memcpy(to, status, sizeof(status));
	n += sizeof(status);
	for (u32 count = random_below(5); count > 0; count--, n += sizeof(other))
		memcpy(to + n, other, sizeof(other));
	return n;
}

static size_t make_message(u8 *to, u8 status)
{
	static const u8 unknown[] = { 0x12, 2, 'h', 'i', 0x1d, 1, 2, 3, 4, 0x23, 0x08, 9, 0x24, 0x29, 1, 2, 3, 4, 5, 6, 7, 8 };
	size_t n = MESSAGE_HEAD;

	memset(to, 0, MESSAGE_HEAD);
	if (random_below(2)) {
		memcpy(to + n, unknown, sizeof(unknown));
		n += sizeof(unknown);
	}
	for (u32 count = 1 + random_below(3); count > 0; count--) {
		to[n++] = 0x08;
		to[n++] = count == 1 ? status : (u8)random_below(128);
	}
	to[4] = (u8)(n - MESSAGE_HEAD);
	return n;
}

/* Returns the result that it must have. */
static void make_answer(enum outcome *outcome, s32 *number)
{
	u8 code = random_below(3) ? 0 : (u8)(1 + random_below(9));
	u8 status = (u8)random_below(5);
	u8 trailers[] = { 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 1, (u8)('0' + code) };
	u8 bytes[256];

	memcpy(trailers + 2, (u8[]){ 0x9a, 0xca, 0xc8, 0xb2, 0x12, 0x34, 0xda, 0x8f }, 8);
	trailers[1] = 0x88;
	answer.size = 0;
	put_head(4, 0, 0, 0);
	put_noise();
	put_split(HEADERS, END_HEADERS, 0, bytes, make_headers(bytes));
	put_noise();
	put_split(DATA, 0x40, 0, bytes, make_message(bytes, status));
	put_noise();
	put_split(HEADERS, END_HEADERS, END_STREAM, trailers, sizeof(trailers));
	*outcome = code ? TRY_GRPC : TRY_HEALTH;
	*number = code ? code : status;
}

static void damage(void)
{
	for (u32 count = 1 + random_below(4); count > 0; count--) {
		size_t at = random_below((u32)answer.size);

		switch (random_below(4)) {
		case 0:
			answer.bytes[at] = (u8)random_bits();
			break;
		case 1:
			answer.bytes[at] ^= (u8)(1u << random_below(8));
			break;
		case 2:
			answer.size = at + 1;
			break;
		default:
			memmove(answer.bytes + at, answer.bytes + at + 1, answer.size - at - 1);
			answer.size -= answer.size > 1;
		}
	}
}

/* `most`: bytes at a time; the replies are "sent" after each part. */
static void feed(struct grpc *g, u32 most)
{
	grpc_begin(g);
	for (size_t at = 0; at < answer.size;) {
		size_t n = most > 1 ? 1 + random_below(most) : 1;
		u8 *part;

		n = n < answer.size - at ? n : answer.size - at;
		part = malloc(n);
		require(part != NULL, "out of memory");
		memcpy(part, answer.bytes + at, n);
		grpc_take(g, part, (u32)n);
		free(part);
		at += n;
		require(g->reply_bytes <= MAX_REPLY, "a reply leaves its buffer");
	}
	require(!g->done || g->outcome != TRY_OK, "a result that says nothing");
	require(!g->done || (g->outcome >= TRY_ANSWER && g->outcome < OUTCOMES), "a result that is none of an answer");
}

static int same(const struct grpc *a, const struct grpc *b)
{
	return a->done == b->done && a->outcome == b->outcome && a->number == b->number && a->reply_bytes == b->reply_bytes &&
	       memcmp(a->reply, b->reply, a->reply_bytes) == 0 && grpc_cut(a) == grpc_cut(b);
}

static const struct grpc *check(void)
{
	static struct grpc whole, bytes, parts;

	feed(&bytes, 1);
	feed(&whole, ROOM);
	feed(&parts, 20);
	require(same(&whole, &bytes) && same(&whole, &parts), "a result depends on where the answer was cut");
	return &whole;
}

static void show(const struct grpc *g)
{
	char word[64];
	struct text t = { word, word + sizeof(word) };

	put_outcome(&t, g->done ? g->outcome : grpc_cut(g));
	printf("%s%.*s %d ", g->done ? "" : "open", (int)(t.at - word), word, g->number);
	for (u32 i = 0; i < g->reply_bytes; i++)
		printf("%02x", g->reply[i]);
	printf("\n");
}

static void read_answers(void)
{
	static char line[2 * ROOM + 2];

	while (fgets(line, sizeof(line), stdin)) {
		unsigned byte;

		answer.size = 0;
		for (const char *at = line; sscanf(at, "%2x", &byte) == 1; at += 2)
			answer.bytes[answer.size++] = (u8)byte;
		show(check());
	}
}

int main(int argc, char **argv)
{
	u64 count = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
	u64 results[OUTCOMES] = { 0 };

	if (argc == 2 && strcmp(argv[1], "-") == 0) {
		read_answers();
		return 0;
	}
	require(count > 0, "usage: grpc-fuzz SEED COUNT");
	seed_random(strtoull(argv[1], NULL, 10));
	for (u64 n = 0; n < count; n++) {
		enum outcome outcome;
		const struct grpc *g;
		s32 number;

		make_answer(&outcome, &number);
		g = check();
		require(g->done && g->outcome == outcome && g->number == number, "an answer is misread");
		damage();
		g = check();
		results[g->done ? g->outcome : grpc_cut(g)]++;
	}
	for (u32 i = 0; i < OUTCOMES; i++)
		printf("%llu ", (unsigned long long)results[i]);
	printf("\n");
	return 0;
}
