/*
 * The metadata service of the App Container specification: answers HTTP requests of the pod's own processes. Which paths there
 * are and what is answered is on the tape, word for word; here are only a connection's life and the signatures.
 */
#include "http.h"
#include "sha512.h"
#include "stage1.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>

enum { MAX_REQUEST = 128 << 10, SIGNATURE = 88 };

/* Nanoseconds until connections are taken again when one could not be. */
#define PAUSE 100000000ull

/* Nothing of it is in memory while nobody asks. */
static u8 requests[MAX_CLIENTS][MAX_REQUEST] __attribute__((aligned(4096)));

static const struct tape_op *serve_op(const struct init *in)
{
	return in->metadata.ops;
}

static u8 *data_at(const struct init *in, const struct tape_op *op, u32 arg)
{
	return in->program.data + op->args[arg];
}

/* For a request that no path answers: the words for that kind of trouble. */
static const struct tape_op *trouble(const struct init *in, enum answer_kind kind)
{
	for (u32 i = 1; i < in->metadata.count; i++) {
		if (in->metadata.ops[i].args[2] == kind)
			return &in->metadata.ops[i];
	}
	return NULL;
}

/* A path holds the pod's token: how much of it was right must not be told by the time this takes. */
static const struct tape_op *answer_for(const struct init *in, const struct http_request *r)
{
	const struct tape_op *found = NULL;

	for (u32 i = 1; i < in->metadata.count; i++) {
		const struct tape_op *op = &in->metadata.ops[i];

		if (op->args[2] <= ANSWER_VERIFY && op->args[1] == r->path_size &&
		    same_bytes(data_at(in, op, 0), r->path, r->path_size))
			found = op;
	}
	return found;
}

static void hang_up(struct init *in, u32 index)
{
	struct metadata_client *c = &in->metadata.clients[index];

	watch(in, c->fd, WATCH_METADATA_CLIENT, index, 0);
	sys_close(c->fd);
	c->fd = -1;
	sys3(__NR_madvise, requests[index], MAX_REQUEST, MADV_DONTNEED);
}

static void watch_for(const struct init *in, u32 index, u32 events)
{
	struct epoll_event event = { .events = events, .data.u64 = (u64)WATCH_METADATA_CLIENT << 32 | index };

	sys4(__NR_epoll_ctl, in->epoll, EPOLL_CTL_MOD, in->metadata.clients[index].fd, &event);
}

/* Sends what the connection takes. A client that has not sent all of its request yet would lose the answer to a reset. */
static void flush(struct init *in, u32 index)
{
	struct metadata_client *c = &in->metadata.clients[index];
	long n = sys6(__NR_sendto, c->fd, (long)c->out, c->left, MSG_NOSIGNAL | MSG_DONTWAIT, 0, 0);

	if (n == -EAGAIN || (n > 0 && (u32)n < c->left)) {
		c->out += n > 0 ? n : 0;
		c->left -= n > 0 ? (u32)n : 0;
		watch_for(in, index, EPOLLOUT);
		return;
	}
	c->left = 0;
	if (n <= 0 || !c->lingers) {
		hang_up(in, index);
		return;
	}
	sys2(__NR_shutdown, c->fd, SHUT_WR);
	watch_for(in, index, EPOLLIN);
}

static void respond(struct init *in, u32 index, const struct tape_op *op, int head_only)
{
	struct metadata_client *c = &in->metadata.clients[index];

	if (!op) {
		hang_up(in, index);
		return;
	}
	c->out = data_at(in, op, 3);
	c->left = (u32)op->args[head_only ? 4 : 5];
	flush(in, index);
}

static void encode_base64(const u8 *from, size_t size, u8 *to)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < size; i += 3) {
		size_t left = size - i;
		u32 bits = (u32)from[i] << 16 | (left > 1 ? (u32)from[i + 1] << 8 : 0) | (left > 2 ? from[i + 2] : 0);

		*to++ = (u8)digits[bits >> 18];
		*to++ = (u8)digits[bits >> 12 & 63];
		*to++ = left > 1 ? (u8)digits[bits >> 6 & 63] : '=';
		*to++ = left > 2 ? (u8)digits[bits & 63] : '=';
	}
}

/* Each pod has a key of its own, made of the host's and the pod's uuid. */
static void sign(const struct init *in, const u8 *uuid, const struct http_field *content, u8 *signature)
{
	const struct tape_op *op = serve_op(in);
	u8 key[SHA512_DIGEST];
	u8 mac[SHA512_DIGEST];

	hmac_sha512(data_at(in, op, 0), op->args[1], uuid, UUID_SIZE, key);
	hmac_sha512(key, sizeof(key), content->value, content->size, mac);
	encode_base64(mac, sizeof(mac), signature);
}

#define FIELD_OF(body, r, name, field) http_form_find(body, (r)->body_size, name, sizeof(name) - 1, field)

static void respond_signed(struct init *in, u32 index, const struct http_request *r, const struct tape_op *op)
{
	struct metadata_client *c = &in->metadata.clients[index];
	u8 *buffer = requests[index];
	struct http_field content;
	u8 signature[SIGNATURE];

	if (FIELD_OF(buffer + r->head_size, r, "content", &content) < 0 || content.size == 0 ||
	    http_form_decode(&content) < 0) {
		respond(in, index, trouble(in, ANSWER_MALFORMED), 0);
		return;
	}
	sign(in, data_at(in, serve_op(in), 2), &content, signature);
	/* The request is not needed any more. */
	memcpy(buffer, data_at(in, op, 3), op->args[5]);
	memcpy(buffer + op->args[5], signature, SIGNATURE);
	c->out = buffer;
	c->left = (u32)op->args[5] + SIGNATURE;
	flush(in, index);
}

/* In its canonical form from here on. */
static int is_uuid(const struct http_field *f)
{
	for (size_t i = 0; i < f->size; i++) {
		u8 c = f->value[i];

		if (c >= 'A' && c <= 'F')
			f->value[i] = c = (u8)(c + 'a' - 'A');
		if (i == 8 || i == 13 || i == 18 || i == 23 ? c != '-' :
							      !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			return 0;
	}
	return f->size == UUID_SIZE;
}

static void respond_verified(struct init *in, u32 index, const struct http_request *r, const struct tape_op *op)
{
	u8 *body = requests[index] + r->head_size;
	struct http_field content;
	struct http_field uuid;
	struct http_field given;
	u8 signature[SIGNATURE];

	if (FIELD_OF(body, r, "content", &content) < 0 || FIELD_OF(body, r, "uuid", &uuid) < 0 ||
	    FIELD_OF(body, r, "signature", &given) < 0 || content.size == 0 || http_form_decode(&content) < 0 ||
	    http_form_decode(&uuid) < 0 || http_form_decode(&given) < 0 || !is_uuid(&uuid)) {
		respond(in, index, trouble(in, ANSWER_MALFORMED), 0);
		return;
	}
	/* A plus sign that was not encoded has become a space, which no signature holds. */
	for (size_t i = 0; i < given.size; i++)
		given.value[i] = given.value[i] == ' ' ? '+' : given.value[i];
	sign(in, uuid.value, &content, signature);
	if (given.size != SIGNATURE || !same_bytes(given.value, signature, SIGNATURE))
		op = trouble(in, ANSWER_FORBIDDEN);
	respond(in, index, op, 0);
}

static void respond_complete(struct init *in, u32 index, const struct http_request *r)
{
	const struct tape_op *op = answer_for(in, r);
	int head_only = r->method == HTTP_HEAD;
	int is_post = op && op->args[2] != ANSWER_GET;

	if (!op)
		op = trouble(in, ANSWER_UNKNOWN);
	else if (is_post && r->method != HTTP_POST)
		op = trouble(in, ANSWER_NOT_POST);
	else if (!is_post && r->method != HTTP_GET && r->method != HTTP_HEAD)
		op = trouble(in, ANSWER_NOT_GET);
	else if (op->args[2] == ANSWER_SIGN)
		return respond_signed(in, index, r, op);
	else if (op->args[2] == ANSWER_VERIFY)
		return respond_verified(in, index, r, op);
	respond(in, index, op, head_only);
}

static void ask_for_body(const struct init *in, struct metadata_client *c)
{
	const struct tape_op *op = trouble(in, ANSWER_CONTINUE);

	c->continued = 1;
	/* The first bytes of a connection always find room. */
	if (op)
		sys6(__NR_sendto, c->fd, (long)data_at(in, op, 3), (long)op->args[5], MSG_NOSIGNAL | MSG_DONTWAIT, 0, 0);
}

static void receive(struct init *in, u32 index)
{
	struct metadata_client *c = &in->metadata.clients[index];
	struct http_request r;
	long n = sys3(__NR_read, c->fd, requests[index] + c->got, MAX_REQUEST - c->got);

	if (n == -EAGAIN || n == -EINTR)
		return;
	if (n <= 0) {
		hang_up(in, index);
		return;
	}
	c->got += (u32)n;
	/* Until the request has been read to its end. */
	c->lingers = 1;
	switch (http_parse(&r, requests[index], c->got, MAX_REQUEST)) {
	case HTTP_MORE:
		if (r.expects_continue && !c->continued)
			ask_for_body(in, c);
		break;
	case HTTP_COMPLETE:
		c->lingers = r.has_unread || r.head_size + r.body_size != c->got;
		respond_complete(in, index, &r);
		break;
	case HTTP_MALFORMED:
		respond(in, index, trouble(in, ANSWER_MALFORMED), 0);
		break;
	case HTTP_NO_LENGTH:
		respond(in, index, trouble(in, ANSWER_NO_LENGTH), 0);
		break;
	case HTTP_TOO_LARGE:
		respond(in, index, trouble(in, ANSWER_TOO_LARGE), 0);
		break;
	}
}

/* It has its answer; what it still sends is read for politeness, until its time is up. */
static void drain(struct init *in, u32 index)
{
	long n = sys3(__NR_read, in->metadata.clients[index].fd, requests[index], 4096);

	if (n == 0 || (n < 0 && n != -EAGAIN && n != -EINTR))
		hang_up(in, index);
}

void metadata_client_event(struct init *in, u32 index)
{
	struct metadata_client *c = &in->metadata.clients[index];

	/* Hung up earlier in the same turn. */
	if (c->fd < 0)
		return;
	if (c->left > 0)
		flush(in, index);
	else if (c->out)
		drain(in, index);
	else
		receive(in, index);
}

/* A free place; where there is none, that of the connection that has had the longest time. */
static u32 take_place(struct init *in)
{
	u32 oldest = 0;

	for (u32 i = 0; i < MAX_CLIENTS; i++) {
		const struct metadata_client *c = &in->metadata.clients[i];

		if (c->fd < 0)
			return i;
		if (c->deadline < in->metadata.clients[oldest].deadline)
			oldest = i;
	}
	hang_up(in, oldest);
	return oldest;
}

void metadata_accept(struct init *in)
{
	struct metadata *m = &in->metadata;
	u64 now = clock_ns(CLOCK_MONOTONIC);
	long sock = sys4(__NR_accept4, m->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	u32 index;

	if (sock == -EMFILE || sock == -ENFILE || sock == -ENOMEM || sock == -ENOBUFS) {
		/* The connection stays in the queue, and would wake us again at once. */
		watch(in, m->listener, WATCH_METADATA, 0, 0);
		m->deaf_until = now + PAUSE;
	}
	if (sock < 0)
		return;
	index = take_place(in);
	m->clients[index] =
		(struct metadata_client){ .fd = (s32)sock, .deadline = now + serve_op(in)->args[5] * 1000000 };
	if (watch(in, (s32)sock, WATCH_METADATA_CLIENT, index, 1) < 0) {
		sys_close(sock);
		m->clients[index].fd = -1;
		return;
	}
	/* Most have sent their request by now. */
	receive(in, index);
}

void metadata_advance(struct init *in)
{
	struct metadata *m = &in->metadata;
	u64 now;

	if (m->count == 0)
		return;
	now = clock_ns(CLOCK_MONOTONIC);
	for (u32 i = 0; i < MAX_CLIENTS; i++) {
		if (m->clients[i].fd >= 0 && now >= m->clients[i].deadline)
			hang_up(in, i);
	}
	if (m->deaf_until && now >= m->deaf_until)
		m->deaf_until = watch(in, m->listener, WATCH_METADATA, 0, 1) < 0 ? now + PAUSE : 0;
}

int metadata_timeout_ms(const struct init *in, int timeout_ms)
{
	const struct metadata *m = &in->metadata;
	u64 next = m->deaf_until;
	u64 now;
	int ms;

	for (u32 i = 0; m->count && i < MAX_CLIENTS; i++) {
		if (m->clients[i].fd >= 0 && (!next || m->clients[i].deadline < next))
			next = m->clients[i].deadline;
	}
	if (!next)
		return timeout_ms;
	now = clock_ns(CLOCK_MONOTONIC);
	/* Rounded up: a deadline that has not quite passed must not spin. */
	ms = next <= now ? 0 : (int)((next - now) / 1000000) + 1;
	return timeout_ms >= 0 && timeout_ms < ms ? timeout_ms : ms;
}

int metadata_open(struct init *in)
{
	const struct program *p = &in->program;
	int tape = program_find(p, TAPE_SERVE);

	if (tape < 0)
		return 0;
	in->metadata.ops = &p->ops[p->tapes[tape].first_op];
	in->metadata.count = p->tapes[tape].ops;
	in->metadata.listener = (s32)in->regs[serve_op(in)->args[4]];
	return watch(in, in->metadata.listener, WATCH_METADATA, 0, 1);
}
