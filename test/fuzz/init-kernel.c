/* The kernel of init-fuzz: descriptors, processes and time, kept account of as the real one does. */
#include <asm/ioctls.h>
#include <asm/unistd.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <linux/time_types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "init-fuzz.h"

struct world world;

void require(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "init-fuzz: %s, in round %llu\n", what, (unsigned long long)world.rounds);
	abort();
}

int chance(u32 of)
{
	return random_below(of) == 0;
}
long take_fd(void)
{
	if (chance(24))
		return -EMFILE;
	for (long fd = FIRST_FD; fd < FDS; fd++) {
		if (!world.open_fds[fd]) {
			world.open_fds[fd] = 1;
			return fd;
		}
	}
	return -EMFILE;
}

int is_open(long fd)
{
	return fd >= 0 && fd < FDS && world.open_fds[fd];
}

static long do_close(long fd)
{
	require(is_open(fd), "a descriptor is closed that is not open");
	require(!world.watched[fd], "a descriptor is closed that is watched");
	world.open_fds[fd] = 0;
	return 0;
}

static long do_pipe(s32 *pair)
{
	long first = take_fd();
	long second = first < 0 ? first : take_fd();

	if (second < 0) {
		if (first >= 0)
			world.open_fds[first] = 0;
		return second;
	}
	pair[0] = (s32)first;
	pair[1] = (s32)second;
	return 0;
}

static long do_epoll_ctl(long op, long fd, const struct epoll_event *event)
{
	require(is_open(fd), "a descriptor is watched, or not any more, that is not open");
	if (op == EPOLL_CTL_MOD) {
		require(world.watched[fd], "a descriptor is watched otherwise that was not watched");
		return 0;
	}
	require(world.watched[fd] == (op == EPOLL_CTL_DEL), "a descriptor is watched twice, or was not");
	world.watched[fd] = op == EPOLL_CTL_ADD;
	world.watch_data[fd] = event->data.u64;
	return 0;
}

static int is_reported(const struct epoll_event *events, long n, u64 data)
{
	while (n-- > 0) {
		if (events[n].data.u64 == data)
			return 1;
	}
	return 0;
}

static long do_epoll_wait(struct epoll_event *events, long max, long timeout)
{
	long n = 0;

	require(++world.rounds < MAX_ROUNDS, "the pod does not end");
	world.total++;
	/* Mostly little: what is asked should be answered before its time is over, too. */
	world.now_ns += (u64)random_below(chance(4) ? 100 : 5) * 1000000u;
	if (timeout > 0 && chance(2))
		world.now_ns += (u64)timeout * 1000000u;
	for (u32 tries = 0; tries < 200 && n < max && (n == 0 || chance(2)); tries++) {
		long fd = random_below(FDS / 4);

		/* A kernel reports a descriptor once a turn. */
		if (world.watched[fd] && !is_reported(events, n, world.watch_data[fd]))
			events[n++].data.u64 = world.watch_data[fd];
	}
	return chance(50) ? -EINTR : n;
}

static long do_clone(void)
{
	if (chance(16) || world.live_count == PIDS)
		return -EAGAIN;
	world.live[world.live_count++] = ++world.next_pid;
	return world.next_pid;
}

static long do_wait(s32 *status)
{
	u32 which;
	s32 pid;

	if (chance(8))
		return *status = 0, ++world.next_pid;
	if (world.live_count == 0)
		return -ECHILD;
	if (world.rounds < HASTE_AFTER && !chance(6))
		return 0;
	which = random_below(world.live_count);
	pid = world.live[which];
	world.live[which] = world.live[--world.live_count];
	world.reaped = pid;
	*status = chance(2) ? (s32)random_below(3) << 8 : (s32)random_below(64) + 1;
	return pid;
}

/* A negative pid is a group, named by the process that leads it; others may be left in it when that has just been reaped. */
static long do_kill(long pid)
{
	if (pid < 0 && pid == -world.reaped)
		return chance(2) ? 0 : -ESRCH;
	pid = pid < 0 ? -pid : pid;
	for (u32 i = 0; i < world.live_count; i++) {
		if (world.live[i] == pid || world.live[i] == -pid)
			return 0;
	}
	require(0, "a signal for a process that was reaped");
	return 0;
}

static long do_connect(long fd, size_t size)
{
	static const int16_t results[] = { 0, -EINPROGRESS, -EINPROGRESS, -EALREADY, -EISCONN, -ECONNREFUSED, -EINTR };

	require(is_open(fd), "a connection is made with a descriptor that is not open");
	require(size > 0 && size <= MAX_ADDRESS, "an address is no address");
	return results[random_below(ARRAY_SIZE(results))];
}

static long do_ioctl(long fd, long what)
{
	require(is_open(fd), "an ioctl on a descriptor that is not open");
	return what == TIOCGPTPEER ? take_fd() : chance(20) ? -EIO : 0;
}

static long do_clock(struct __kernel_timespec *to)
{
	world.now_ns += 1000;
	to->tv_sec = (s64)(world.now_ns / 1000000000u);
	to->tv_nsec = (s64)(world.now_ns % 1000000000u);
	return 0;
}

/* Calls about processes, messages and time. */
static long other_call(long nr, long a, long b, long c)
{
	(void)c;
	switch (nr) {
	case __NR_exit_group:
		require(0, "init ends in the middle");
		return 0;
	case __NR_clone3:
		return do_clone();
	case __NR_wait4:
		return do_wait((s32 *)b);
	case __NR_kill:
		return do_kill(a);
	case __NR_recvmsg:
		return do_receive(a, (struct msghdr *)b);
	case __NR_sendmsg:
		require(is_open(a), "a message is sent to a descriptor that is not open");
		return chance(10) ? -EPIPE : (long)sizeof(struct message);
	case __NR_clock_gettime:
		return do_clock((struct __kernel_timespec *)b);
	default:
		return chance(30) ? -EPERM : 0;
	}
}

/* Calls about descriptors; the others go on. */
long sys6(long nr, long a, long b, long c, long d, long e, long f)
{
	(void)e, (void)f;
	switch (nr) {
	case __NR_openat:
	case __NR_epoll_create1:
	case __NR_signalfd4:
		return take_fd();
	case __NR_accept4:
		return chance(4) ? -EAGAIN : take_fd();
	case __NR_socket:
		return take_fd();
	case __NR_connect:
		return do_connect(a, (size_t)c);
	case __NR_getsockname:
		require(is_open(a), "the name of a descriptor that is not open");
		return chance(4) ? -ENOBUFS : 0;
	case __NR_pipe2:
		return do_pipe((s32 *)a);
	case __NR_close:
		return do_close(a);
	case __NR_dup3:
		world.open_fds[b] = 1;
		return b;
	case __NR_epoll_ctl:
		return do_epoll_ctl(b, c, (const struct epoll_event *)d);
	case __NR_epoll_pwait:
		return do_epoll_wait((struct epoll_event *)b, c, d);
	case __NR_read:
		return do_read(a, (u8 *)b, (size_t)c);
	case __NR_write:
		return do_write(a, (size_t)c);
	case __NR_pread64:
		return do_pread((u8 *)b, (size_t)c);
	case __NR_fstat:
		((struct stat *)b)->st_size = chance(8) ? (off_t)random_bits() : (off_t)world.exec_size;
		return 0;
	case __NR_ioctl:
		return do_ioctl(a, b);
	case __NR_fcntl:
		return b == F_DUPFD_CLOEXEC ? take_fd() : 0;
	case __NR_recvfrom:
	case __NR_sendto:
		return do_client(nr, a, (u8 *)b, (size_t)c);
	case __NR_lseek:
		return (long)random_below(20000);
	default:
		return other_call(nr, a, b, c);
	}
}
