/* What init-fuzz has init read: signals, requests, answers, messages, most of them nearly right. */
#include <asm/unistd.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "init-fuzz.h"

static long read_signal(struct signalfd_siginfo *infos)
{
	u32 n = random_below(4);

	memset(infos, 0, n * sizeof(*infos));
	for (u32 i = 0; i < n; i++) {
		infos[i].ssi_signo = 1 + random_below(64);
		infos[i].ssi_pid = world.rounds > HASTE_AFTER ? 0 : random_below(20);
		if (world.rounds > HASTE_AFTER)
			infos[i].ssi_signo = SIGTERM;
	}
	return n ? (long)(n * sizeof(*infos)) : -EAGAIN;
}

static int is_metadata_client(long fd)
{
	for (u32 i = 0; i < MAX_CLIENTS; i++) {
		if (world.init->metadata.clients[i].fd == fd)
			return 1;
	}
	return 0;
}

/* Something like a request, or the next part of one. */
static long read_request(u8 *to, size_t size)
{
	static const char *const parts[] = {
		"GET ", "HEAD ", "POST ", "DELETE ", "/t/get", "/t/sign", "/t/verify", "/t/none", " HTTP/1.1\r\n",
		"Content-Length: 9\r\n", "Content-Length: 200000\r\n", "Expect: 100-continue\r\n", "\r\n", "content=a",
		"&uuid=01234567-89ab-cdef-0123-456789abcdef", "&signature=%41+",
		"GET /t/get HTTP/1.1\r\n\r\n", "POST /t/sign HTTP/1.0\r\nContent-Length: 9\r\n\r\ncontent=a",
		"POST /t/verify HTTP/1.1\r\nContent-Length: 63\r\n\r\n"
		"content=a&uuid=01234567-89ab-cdef-0123-456789abcdef&signature=b",
	};
	size_t n = 0;

	if (chance(4))
		return chance(2) ? -EAGAIN : 0;
	for (u32 count = 1 + random_below(6); count > 0; count--) {
		const char *part = parts[random_below(ARRAY_SIZE(parts))];
		size_t length = strlen(part);

		if (length > size - n)
			break;
		memcpy(to + n, part, length);
		n += length;
	}
	if (n > 0 && chance(4))
		to[random_below((u32)n)] = (u8)random_bits();
	return n ? (long)n : -EAGAIN;
}

/* What a probe may be looking for, whole or cut anywhere. */
static size_t say_something(u8 *to, size_t size)
{
#define ANSWER(text) { text, sizeof(text) - 1 }
	static const struct {
		const char *text;
		size_t size;
	} answers[] = {
		ANSWER("HTTP/1.1 200 OK"), ANSWER("HTTP/1.0 503 "), ANSWER("HTTP/1.1 2x0 "), ANSWER("o"),
		/* SETTINGS; PING; an answer that is SERVING; one that is UNIMPLEMENTED. */
		ANSWER("\0\0\0\4\0\0\0\0\0"), ANSWER("\0\0\10\6\0\0\0\0\0pingpong"),
		ANSWER("\0\0\0\4\0\0\0\0\0\0\0\1\1\4\0\0\0\1\x88\0\0\7\0\0\0\0\0\1\0\0\0\0\2\10\1"
		       "\0\0\17\1\5\0\0\0\1\0\13grpc-status\1" "0"),
		ANSWER("\0\0\0\4\0\0\0\0\0\0\0\21\1\5\0\0\0\1\x88\0\13grpc-status\2" "12"),
	};
	u32 which = random_below(ARRAY_SIZE(answers));
	const char *answer = answers[which].text;
	size_t n = answers[which].size;

	n = n < size ? n : size;
	memcpy(to, answer, n);
	return chance(2) ? n : random_below((u32)n + 1);
}

long do_read(long fd, u8 *to, size_t size)
{
	size_t n = random_below((u32)size + 1);

	require(is_open(fd), "a read from a descriptor that is not open");
	if (fd == world.init->signals)
		return read_signal((struct signalfd_siginfo *)to);
	if (is_metadata_client(fd))
		return read_request(to, size);
	if (chance(4))
		return -EAGAIN;
	if (chance(3))
		return 0;
	if (chance(20))
		return -ECONNRESET;
	if (size != sizeof(struct report) && chance(2))
		return (long)say_something(to, size);
	if (size == sizeof(struct report))
		n = size;
	for (size_t i = 0; i < n; i++)
		to[i] = chance(30) ? '\n' : (u8)random_bits();
	return (long)n;
}

long do_write(long fd, size_t size)
{
	/* A log that could not be opened is written to all the same: what counts is that the lines are counted. */
	if (!is_open(fd))
		return -EBADF;
	return chance(20) ? -ENOSPC : chance(20) ? -EAGAIN : chance(20) ? (long)random_below((u32)size + 1) : (long)size;
}

long do_pread(u8 *to, size_t size)
{
	static const char counts[] = "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n";

	if (size < sizeof(counts) || size == 512) {
		memcpy(to, counts, size < sizeof(counts) ? size : sizeof(counts));
		return (long)(size < sizeof(counts) ? size : sizeof(counts));
	}
	/* The list of an app's processes. */
	if (size == 1024)
		return world.live_count && chance(2) ? sprintf((char *)to, "0\n%d\n", world.live[random_below(world.live_count)]) : 0;
	if (size != world.exec_size)
		return chance(2) ? -EIO : (long)size;
	memcpy(to, world.exec_tape, world.exec_size);
	for (u32 n = random_below(3); n > 0; n--)
		to[random_below((u32)size)] = (u8)random_bits();
	return (long)size;
}

static void fill_message(struct message *m)
{
	static const u32 types[] = { MSG_EXEC, MSG_EXEC, MSG_EXEC, MSG_SIGNAL, MSG_SIGNAL, MSG_PTY, MSG_RESTART,
				     MSG_RESTART, MSG_ATTACH, MSG_ATTACH, MSG_RESIZE, MSG_RESUMED, MSG_DONE, MSG_LAUNCH,
				     MSG_HANDOVER, MSG_STARTED, MSG_ENTERED, 99 };

	*m = (struct message){ .magic = MESSAGE_MAGIC, .type = types[random_below(ARRAY_SIZE(types))] };
	m->app = (s32)random_below(6) - 3;
	m->a = (s32)random_below(68) - 2;
	if (world.rounds > HASTE_AFTER || chance(200))
		m->type = MSG_STOP;
	m->d = chance(2) ? (s64)random_bits() : (s64)random_below(5000) - 1;
	if (chance(8))
		((u8 *)m)[random_below(sizeof(*m))] = (u8)random_bits();
}

long do_receive(long fd, struct msghdr *msg)
{
	struct cmsghdr *header = msg->msg_control;
	struct message *m = msg->msg_iov->iov_base;
	s32 *fds = (s32 *)CMSG_DATA(header);
	u32 got = 0;
	u32 wanted;

	require(is_open(fd), "a message is read from a descriptor that is not open");
	msg->msg_controllen = 0;
	if (chance(4))
		return -EAGAIN;
	if (chance(6))
		return 0;
	fill_message(m);
	wanted = m->type == MSG_EXEC ? 4 : m->type == MSG_ATTACH ? 2 : chance(10) ? random_below(12) : 0;
	for (; got < wanted; got++) {
		long taken = take_fd();

		if (taken < 0)
			break;
		fds[got] = (s32)taken;
	}
	m->fds = chance(20) ? random_below(300) : wanted;
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(got * sizeof(s32));
	if (got)
		msg->msg_controllen = CMSG_SPACE(got * sizeof(s32));
	return chance(20) ? (long)random_below(sizeof(*m)) : (long)sizeof(*m);
}

/* What a client has typed; how much of what it is shown it takes. */
long do_client(long nr, long fd, u8 *bytes, size_t size)
{
	size_t n = random_below((u32)size + 1);

	require(is_open(fd), "a client that is gone is read from or shown something");
	if (chance(4))
		return -EAGAIN;
	if (is_metadata_client(fd) && chance(8))
		return -EPIPE;
	if (nr == __NR_recvfrom)
		memset(bytes, 'x', n);
	return (long)n;
}
