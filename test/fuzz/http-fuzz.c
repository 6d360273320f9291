/*
 * Feeds requests, whole, cut and damaged, to the parser of the metadata service, in a buffer that ends where they end. Under ASan
 * and UBSan: a byte read behind what has arrived ends the run.
 *
 * http-fuzz SEED COUNT
 */
#include "../../stages/stage1/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "random.h"

enum { ROOM = 16 << 10 };

static const char *const parts[] = {
	"GET ", "HEAD ", "POST ", "PUT ", "/a/b", "/a?b=c", "http://host/a", "http://", " HTTP/1.1\r\n", " HTTP/1.0\r\n",
	" HTTP/2\r\n", "Content-Length: 5\r\n", "content-length:5\r\n", "Content-Length: 99999999999999999999\r\n",
	"Transfer-Encoding: chunked\r\n", "Expect: 100-continue\r\n", "X: y\r\n", " folded\r\n", ":\r\n", "\r\n", "\r", "\n",
	"content=", "&uuid=", "&signature=", "%41", "%4", "%", "+", "&", "=", "a",
};

static u64 complete;

static void require(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "http-fuzz: %s\n", what);
	abort();
}

static size_t make_request(u8 *to)
{
	size_t n = 0;

	if (random_below(2)) {
		static const char start[] = "POST /a HTTP/1.1\r\nContent-Length: 5\r\n\r\n";

		memcpy(to, start, sizeof(start) - 1);
		n = sizeof(start) - 1;
	}
	for (u32 count = random_below(20); count > 0; count--) {
		const char *part = parts[random_below(sizeof(parts) / sizeof(parts[0]))];
		u32 times = random_below(64) ? 1 : 1 + random_below(600);

		for (; times > 0 && n + strlen(part) < ROOM; times--) {
			memcpy(to + n, part, strlen(part));
			n += strlen(part);
		}
	}
	for (u32 count = random_below(4); n > 0 && count > 0; count--)
		to[random_below((u32)n)] = (u8)random_bits();
	return n;
}

static void check_form(u8 *body, size_t size)
{
	static const char *const names[] = { "content", "uuid", "signature" };

	for (u32 i = 0; i < 3; i++) {
		struct http_field f;

		if (http_form_find(body, size, names[i], strlen(names[i]), &f) < 0)
			continue;
		require(f.value >= body && f.value + f.size <= body + size, "a field leaves the body");
		require(!memchr(f.value, '&', f.size), "a field holds the next one");
		if (http_form_decode(&f) == 0)
			require(f.value + f.size <= body + size, "a decoded field grew");
	}
}

static void check(const u8 *request, size_t size)
{
	struct http_request r;
	/* Of its own, so that it ends where the request ends. */
	u8 *bytes = malloc(size ? size : 1);
	enum http_state state;

	require(bytes != NULL, "out of memory");
	memcpy(bytes, request, size);
	state = http_parse(&r, bytes, size, ROOM);
	require(r.head_size <= size, "a head is longer than the request");
	if (state == HTTP_COMPLETE) {
		complete++;
		require(r.head_size >= 4 && memcmp(bytes + r.head_size - 4, "\r\n\r\n", 4) == 0, "a head has no end");
		require(r.path > bytes && *r.path == '/' && r.path + r.path_size <= bytes + r.head_size, "a path is elsewhere");
		require(r.body_size <= size - r.head_size, "a body has not arrived");
		require(r.method == HTTP_POST || r.body_size == 0, "a body that nobody reads");
		check_form(bytes + r.head_size, r.body_size);
	}
	if (state == HTTP_MORE)
		require(size < ROOM, "more is wanted than there is room for");
	free(bytes);
}

int main(int argc, char **argv)
{
	u64 count = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
	static u8 request[ROOM];

	require(count > 0, "usage: http-fuzz SEED COUNT");
	seed_random(strtoull(argv[1], NULL, 10));
	for (u64 n = 0; n < count; n++)
		check(request, make_request(request));
	printf("%llu requests, %llu complete\n", (unsigned long long)count, (unsigned long long)complete);
	return 0;
}
