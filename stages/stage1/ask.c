/* One probe over a connection: connects, sends, checks the answer. Never blocks, and reads no more than necessary. */
#include "stage1.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { CHUNK = 4096 };

static u8 chunk[CHUNK];

static const struct tape_probe *question(const struct init *in, u32 index)
{
	return &in->program.probes[index];
}

void ask_unwatch(struct init *in, u32 index)
{
	struct probe *p = &in->probes[index];

	if (p->fd < 0)
		return;
	watch(in, p->fd, WATCH_PROBE, index, 0);
	sys_close(p->fd);
	p->fd = -1;
}

/* Must be the last step: the answer may end the app, and with it all other probes of the app. */
static void finish(struct init *in, u32 index, enum outcome outcome, s32 number)
{
	ask_unwatch(in, index);
	in->probes[index].state = ASK_NOTHING;
	probe_answered(in, index, outcome, number);
}

static void conclude(struct init *in, u32 index, enum outcome outcome, s32 number)
{
	in->probes[index].state = ASK_LEFTOVER;
	probe_answered(in, index, outcome, number);
}

static void connect_to(struct init *in, u32 index)
{
	const struct tape_probe *t = question(in, index);
	const u8 *address = in->program.data + t->address.at;
	struct epoll_event event = {
		/* Edge-triggered: the state says what to do next, so the events need not be changed. */
		.events = EPOLLIN | EPOLLOUT | EPOLLET,
		.data.u64 = (u64)WATCH_PROBE << 32 | index,
	};
	struct probe *p = &in->probes[index];
	u16 family;
	long ret;

	memcpy(&family, address, sizeof(family));
	ret = sys3(__NR_socket, family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (ret < 0) {
		finish(in, index, TRY_ERRNO, (s32)-ret);
		return;
	}
	p->fd = (s32)ret;
	p->state = ASK_CONNECTING;
	/* If the socket cannot be watched, the probe times out. */
	sys4(__NR_epoll_ctl, in->epoll, EPOLL_CTL_ADD, p->fd, &event);
	ret = sys3(__NR_connect, p->fd, address, t->address.length);
	if (ret < 0 && ret != -EINPROGRESS && ret != -EINTR)
		finish(in, index, TRY_ERRNO, (s32)-ret);
}

void ask_begin(struct init *in, u32 index)
{
	struct probe *p = &in->probes[index];

	p->sent = p->heard = p->kept_bytes = 0;
	p->interim = p->in_line = 0;
	if (question(in, index)->kind == PROBE_GRPC)
		answer_begin(index);
	if (question(in, index)->kind == PROBE_TAPE)
		command_begin(in, index);
	else
		connect_to(in, index);
}

/* If nothing listens on a port of the ephemeral range, a connection can connect to itself. */
static int is_itself(const struct init *in, u32 index)
{
	const struct tape_span *address = &question(in, index)->address;
	u8 own[MAX_ADDRESS];
	u32 length = sizeof(own);

	return sys3(__NR_getsockname, in->probes[index].fd, own, &length) == 0 && length == address->length &&
	       memcmp(own, in->program.data + address->at, length) == 0;
}

static void connected(struct init *in, u32 index)
{
	const struct tape_probe *t = question(in, index);
	struct probe *p = &in->probes[index];
	/* A second connect returns the result of the first. */
	long ret = sys3(__NR_connect, p->fd, in->program.data + t->address.at, t->address.length);

	if (ret == -EALREADY || ret == -EINPROGRESS || ret == -EINTR)
		return;
	if (ret < 0 && ret != -EISCONN)
		finish(in, index, TRY_ERRNO, (s32)-ret);
	else if (is_itself(in, index))
		finish(in, index, TRY_ERRNO, ECONNREFUSED);
	else if (t->kind == PROBE_CONNECT)
		finish(in, index, TRY_OK, 0);
	else
		p->state = ASK_TALKING;
}

u32 ask_send(struct init *in, u32 index, const u8 *from, u32 n)
{
	u32 sent = 0;
	long now = 1;

	while (now > 0 && sent < n) {
		now = sys6(__NR_sendto, in->probes[index].fd, (long)(from + sent), n - sent, MSG_NOSIGNAL, 0, 0);
		if (now > 0)
			sent += (u32)now;
	}
	return sent;
}

static void speak(struct init *in, u32 index)
{
	const struct tape_probe *t = question(in, index);
	struct probe *p = &in->probes[index];

	p->sent += ask_send(in, index, in->program.data + t->request.at + p->sent, t->request.length - p->sent);
	if (t->kind == PROBE_GRPC && p->sent == t->request.length)
		answer_reply(in, index);
}

static void judge_http(struct init *in, u32 index, const u8 *text, u32 n)
{
	const struct tape_probe *t = question(in, index);
	s32 status = answer_status(&in->probes[index], text, n);

	if (status == 0)
		return;
	if (status < 0)
		finish(in, index, in->probes[index].kept[0] == TLS_ALERT ? TRY_TLS : TRY_ANSWER, 0);
	else if (status >= (s32)t->status_low && status <= (s32)t->status_high)
		conclude(in, index, TRY_OK, status);
	else
		conclude(in, index, TRY_STATUS, status);
}

static void judge_grpc(struct init *in, u32 index, const u8 *bytes, u32 n)
{
	enum outcome outcome;
	s32 number;

	if (answer_health(in, index, bytes, n, &outcome, &number))
		finish(in, index, outcome, number);
	else
		speak(in, index);
}

/* The connection ended or broke before the result was known. `n`: 0, or minus errno. */
static void judge_end(struct init *in, u32 index, long n)
{
	enum outcome outcome = in->probes[index].heard ? TRY_CUT : TRY_CLOSED;

	if (question(in, index)->kind == PROBE_GRPC)
		outcome = answer_cut(index);
	/* The server may have said why before the connection broke. */
	if (n < 0 && outcome != TRY_GOAWAY)
		finish(in, index, TRY_ERRNO, (s32)-n);
	else
		finish(in, index, outcome, 0);
}

static void judge(struct init *in, u32 index, u32 n)
{
	struct probe *p = &in->probes[index];

	p->heard += n;
	if (question(in, index)->kind == PROBE_GRPC)
		judge_grpc(in, index, chunk, n);
	else
		judge_http(in, index, chunk, n);
	if (p->state == ASK_TALKING && p->heard >= MAX_ANSWER)
		finish(in, index, TRY_LONG, 0);
}

/* Returns whether there may be more to read. */
static int hear(struct init *in, u32 index)
{
	struct probe *p = &in->probes[index];
	long n = sys3(__NR_read, p->fd, chunk, CHUNK);

	if (n == -EAGAIN)
		return 0;
	if (n == -EINTR)
		return 1;
	if (p->state == ASK_LEFTOVER) {
		p->heard += n > 0 ? (u32)n : MAX_ANSWER;
		if (p->heard >= MAX_ANSWER)
			ask_drop(in, index);
	} else if (n <= 0) {
		judge_end(in, index, n);
	} else {
		judge(in, index, (u32)n);
	}
	return 1;
}

void ask_event(struct init *in, u32 index)
{
	struct probe *p = &in->probes[index];
	int more = 1;

	/* A stale event, overtaken by something earlier in this turn. */
	if (p->fd < 0)
		return;
	if (p->state == ASK_COMMAND) {
		command_said(in, index);
		return;
	}
	if (p->state == ASK_CONNECTING)
		connected(in, index);
	if (p->state == ASK_TALKING)
		speak(in, index);
	/* Stops at MAX_ANSWER bytes, at most one read later. */
	while (more && (p->state == ASK_TALKING || p->state == ASK_LEFTOVER))
		more = hear(in, index);
}

void ask_drop(struct init *in, u32 index)
{
	struct probe *p = &in->probes[index];

	if (p->state == ASK_COMMAND) {
		command_kill(in, index);
	} else if (p->state != ASK_KILLED) {
		ask_unwatch(in, index);
		p->state = ASK_NOTHING;
	}
}

void ask_expire(struct init *in, u32 index)
{
	struct probe *p = &in->probes[index];
	u32 timeout_ms = question(in, index)->timeout_ms;
	int answered = p->state == ASK_LEFTOVER;

	ask_drop(in, index);
	/* That of the next try, should the command still be there. */
	if (p->state == ASK_KILLED)
		p->deadline = (p->next_at > in->turn_at ? p->next_at : in->turn_at) + (u64)timeout_ms * 1000000u;
	if (!answered)
		probe_answered(in, index, TRY_TIMEOUT, (s32)timeout_ms);
}
