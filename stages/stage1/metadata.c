/* The metadata service of the App Container specification: handles connections from the pod's own processes. */
#include "metadata.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>

enum { MAX_REQUEST = 128 << 10 };

/* Takes no memory until the first request. */
static u8 requests[MAX_CLIENTS][MAX_REQUEST] __attribute__((aligned(4096)));

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

/*
 * Sends as much as the connection takes. A client that is still sending its request would lose the answer to a reset, so
 * its rest is read.
 */
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

static void respond(struct init *in, u32 index, struct reply reply)
{
	struct metadata_client *c = &in->metadata.clients[index];

	if (!reply.from) {
		hang_up(in, index);
		return;
	}
	c->out = reply.from;
	c->left = reply.size;
	flush(in, index);
}

static void ask_for_body(const struct init *in, struct metadata_client *c)
{
	struct reply reply = reply_to_trouble(in, ANSWER_CONTINUE);

	c->continued = 1;
	/* The first bytes on a connection always fit into its buffer. */
	if (reply.from)
		sys6(__NR_sendto, c->fd, (long)reply.from, reply.size, MSG_NOSIGNAL | MSG_DONTWAIT, 0, 0);
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
	/* Until the request has been read completely. */
	c->lingers = 1;
	switch (http_parse(&r, requests[index], c->got, MAX_REQUEST)) {
	case HTTP_MORE:
		if (r.expects_continue && !c->continued)
			ask_for_body(in, c);
		break;
	case HTTP_COMPLETE:
		c->lingers = r.has_unread || r.head_size + r.body_size != c->got;
		respond(in, index, reply_to_request(in, &r, requests[index]));
		break;
	case HTTP_MALFORMED:
		respond(in, index, reply_to_trouble(in, ANSWER_MALFORMED));
		break;
	case HTTP_NO_LENGTH:
		respond(in, index, reply_to_trouble(in, ANSWER_NO_LENGTH));
		break;
	case HTTP_TOO_LARGE:
		respond(in, index, reply_to_trouble(in, ANSWER_TOO_LARGE));
		break;
	}
}

/* The client has its answer; the rest of what it sends is read and discarded until the deadline. */
static void drain(struct init *in, u32 index)
{
	long n = sys3(__NR_read, in->metadata.clients[index].fd, requests[index], 4096);

	if (n == 0 || (n < 0 && n != -EAGAIN && n != -EINTR))
		hang_up(in, index);
}

void metadata_client_event(struct init *in, u32 index)
{
	struct metadata_client *c = &in->metadata.clients[index];

	/* Closed earlier in the same turn. */
	if (c->fd < 0)
		return;
	if (c->left > 0)
		flush(in, index);
	else if (c->out)
		drain(in, index);
	else
		receive(in, index);
}

/* Returns a free slot; if there is none, the slot of the oldest connection. */
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
	long sock = listener_accept(in, &m->listener, WATCH_METADATA);
	u64 deadline;
	u32 index;

	if (sock < 0)
		return;
	index = take_place(in);
	deadline = clock_ns(CLOCK_MONOTONIC) + serve_op(in)->args[5] * 1000000;
	m->clients[index] = (struct metadata_client){ .fd = (s32)sock, .deadline = deadline };
	if (watch(in, (s32)sock, WATCH_METADATA_CLIENT, index, 1) < 0) {
		sys_close(sock);
		m->clients[index].fd = -1;
		return;
	}
	/* Most clients have sent their request by now. */
	receive(in, index);
}

void metadata_advance(struct init *in)
{
	struct metadata *m = &in->metadata;

	if (m->count == 0)
		return;
	for (u32 i = 0; i < MAX_CLIENTS; i++) {
		if (m->clients[i].fd >= 0 && in->turn_at >= m->clients[i].deadline)
			hang_up(in, i);
	}
	listener_advance(in, &m->listener, WATCH_METADATA);
}

void metadata_postpone(struct init *in, u64 ns)
{
	for (u32 i = 0; i < MAX_CLIENTS; i++)
		in->metadata.clients[i].deadline += ns;
}

int metadata_timeout_ms(const struct init *in, int timeout_ms)
{
	const struct metadata *m = &in->metadata;
	u64 next = m->listener.deaf_until;
	int ms;

	for (u32 i = 0; m->count && i < MAX_CLIENTS; i++) {
		if (m->clients[i].fd >= 0 && (!next || m->clients[i].deadline < next))
			next = m->clients[i].deadline;
	}
	if (!next)
		return timeout_ms;
	ms = ms_until(next);
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
	in->metadata.listener.fd = (s32)in->regs[serve_op(in)->args[4]];
	return (int)watch(in, in->metadata.listener.fd, WATCH_METADATA, 0, 1);
}
