#include "io.h"

#include <errno.h>
#include <linux/time_types.h>
#include <sys/socket.h>

enum { SHORTAGE_TRIES = 50, SHORTAGE_PAUSE_NS = 2000000 };

int is_shortage(long ret, u32 *tries)
{
	struct __kernel_timespec pause = { .tv_nsec = SHORTAGE_PAUSE_NS };

	if (ret == -EINTR)
		return 1;
	if ((ret != -ENOMEM && ret != -ENOBUFS) || ++*tries > SHORTAGE_TRIES)
		return 0;
	sys2(__NR_nanosleep, &pause, NULL);
	return 1;
}

long message_send(long sock, struct message *m, const s32 *fds)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(MAX_MESSAGE_FDS * sizeof(s32))];
	} control;
	struct iovec iov = { .iov_base = m, .iov_len = sizeof(*m) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	u32 tries = 0;
	long ret;

	m->magic = MESSAGE_MAGIC;
	if (m->fds > MAX_MESSAGE_FDS)
		return -EINVAL;
	if (m->fds > 0) {
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(m->fds * sizeof(s32));
		memcpy(CMSG_DATA(&control.header), fds, m->fds * sizeof(s32));
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(m->fds * sizeof(s32));
	}
	do
		ret = sys3(__NR_sendmsg, sock, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (is_shortage(ret, &tries));
	return ret < 0 ? ret : 0;
}

long message_receive(long sock, struct message *m, s32 *fds, int flags)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(MAX_MESSAGE_FDS * sizeof(s32))];
	} control;
	struct iovec iov = { .iov_base = m, .iov_len = sizeof(*m) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	u32 got = 0, tries = 0;
	long ret;

	do
		ret = sys3(__NR_recvmsg, sock, &msg, MSG_CMSG_CLOEXEC | flags);
	while (is_shortage(ret, &tries));
	if (ret < 0)
		return ret;
	if (msg.msg_controllen >= CMSG_LEN(0) && control.header.cmsg_type == SCM_RIGHTS) {
		got = (u32)((control.header.cmsg_len - CMSG_LEN(0)) / sizeof(s32));
		memcpy(fds, CMSG_DATA(&control.header), got * sizeof(s32));
	}
	if (ret == sizeof(*m) && m->magic == MESSAGE_MAGIC && m->fds == got)
		return 1;
	while (got > 0)
		sys_close(fds[--got]);
	return ret == 0 ? 0 : -EPROTO;
}

void put_string(struct text *t, const char *s, size_t n)
{
	size_t room = (size_t)(t->end - t->at);

	if (n > room)
		n = room;
	memcpy(t->at, s, n);
	t->at += n;
}

void put_number(struct text *t, u64 value, int width)
{
	char digits[20];
	int n = 0;

	do {
		digits[sizeof(digits) - 1 - n++] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	while (n < width && n < (int)sizeof(digits))
		digits[sizeof(digits) - 1 - n++] = '0';
	put_string(t, digits + sizeof(digits) - n, (size_t)n);
}

u64 clock_ns(int clock)
{
	struct __kernel_timespec now = { 0 };

	sys2(__NR_clock_gettime, clock, &now);
	return (u64)now.tv_sec * 1000000000u + (u64)now.tv_nsec;
}
