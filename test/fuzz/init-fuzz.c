/*
 * Runs init's supervision with no kernel behind it: clients that send anything, children that end in any order, calls that
 * fail. The answers keep account as a kernel would, so that a descriptor closed twice, watched after it was closed or never
 * closed, a signal to a pid that is not ours any more, or a pod that does not end, is found.
 *
 * init-fuzz SEED COUNT POD-TAPE EXEC-TAPE: COUNT is in messages and events.
 */
#include "../../stages/stage1/init.c"

#include <asm/ioctls.h>
#include <linux/sched.h>
#include <linux/time_types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "random.h"

enum { FDS = 1024, PIDS = 256, FIRST_FD = 32, MAX_ROUNDS = 20000, HASTE_AFTER = 2000, MAX_TAPE = 256 << 10 };

static u8 open_fds[FDS];
static u8 watched[FDS];
static u64 watch_data[FDS];
static s32 live[PIDS];
static u32 live_count;
static s32 next_pid;
static u64 now_ns, rounds, total;
static u8 pod_tape[MAX_TAPE] __attribute__((aligned(4096))), exec_tape[MAX_TAPE], pod_copy[MAX_TAPE] __attribute__((aligned(4096)));
static size_t pod_size, exec_size;

static void require(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "init-fuzz: %s, in round %llu\n", what, (unsigned long long)rounds);
	abort();
}

static int chance(u32 of)
{
	return random_below(of) == 0;
}

static long take_fd(void)
{
	if (chance(24))
		return -EMFILE;
	for (long fd = FIRST_FD; fd < FDS; fd++) {
		if (!open_fds[fd]) {
			open_fds[fd] = 1;
			return fd;
		}
	}
	return -EMFILE;
}

static int is_open(long fd)
{
	return fd >= 0 && fd < FDS && open_fds[fd];
}

static long do_close(long fd)
{
	require(is_open(fd), "a descriptor is closed that is not open");
	require(!watched[fd], "a descriptor is closed that is watched");
	open_fds[fd] = 0;
	return 0;
}

static long do_pipe(s32 *pair)
{
	long first = take_fd();
	long second = first < 0 ? first : take_fd();

	if (second < 0) {
		if (first >= 0)
			open_fds[first] = 0;
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
		require(watched[fd], "a descriptor is watched otherwise that was not watched");
		return 0;
	}
	require(watched[fd] == (op == EPOLL_CTL_DEL), "a descriptor is watched twice, or was not");
	watched[fd] = op == EPOLL_CTL_ADD;
	watch_data[fd] = event->data.u64;
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

	require(++rounds < MAX_ROUNDS, "the pod does not end");
	total++;
	/* Mostly little: what is asked should be answered before its time is over, too. */
	now_ns += (u64)random_below(chance(4) ? 100 : 5) * 1000000u;
	if (timeout > 0 && chance(2))
		now_ns += (u64)timeout * 1000000u;
	for (u32 tries = 0; tries < 200 && n < max && (n == 0 || chance(2)); tries++) {
		long fd = random_below(FDS / 4);

		/* A kernel reports a descriptor once a turn. */
		if (watched[fd] && !is_reported(events, n, watch_data[fd]))
			events[n++].data.u64 = watch_data[fd];
	}
	return chance(50) ? -EINTR : n;
}

static long do_clone(void)
{
	if (chance(16) || live_count == PIDS)
		return -EAGAIN;
	live[live_count++] = ++next_pid;
	return next_pid;
}

static long do_wait(s32 *status)
{
	u32 which;
	s32 pid;

	if (chance(8))
		return *status = 0, ++next_pid;
	if (live_count == 0)
		return -ECHILD;
	if (rounds < HASTE_AFTER && !chance(6))
		return 0;
	which = random_below(live_count);
	pid = live[which];
	live[which] = live[--live_count];
	*status = chance(2) ? (s32)random_below(3) << 8 : (s32)random_below(64) + 1;
	return pid;
}

/* A negative pid is a group, named by the process that leads it. */
static long do_kill(long pid)
{
	pid = pid < 0 ? -pid : pid;
	for (u32 i = 0; i < live_count; i++) {
		if (live[i] == pid || live[i] == -pid)
			return 0;
	}
	require(0, "a signal for a process that was reaped");
	return 0;
}

static long read_signal(struct signalfd_siginfo *infos)
{
	u32 n = random_below(4);

	memset(infos, 0, n * sizeof(*infos));
	for (u32 i = 0; i < n; i++) {
		infos[i].ssi_signo = 1 + random_below(64);
		infos[i].ssi_pid = rounds > HASTE_AFTER ? 0 : random_below(20);
		if (rounds > HASTE_AFTER)
			infos[i].ssi_signo = SIGTERM;
	}
	return n ? (long)(n * sizeof(*infos)) : -EAGAIN;
}

static int is_metadata_client(long fd)
{
	for (u32 i = 0; i < MAX_CLIENTS; i++) {
		if (self.metadata.clients[i].fd == fd)
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
	static const char *const answers[] = { "HTTP/1.1 200 OK", "HTTP/1.0 503 ", "HTTP/1.1 2x0 ", "some ok", "the end", "o" };
	const char *answer = answers[random_below(ARRAY_SIZE(answers))];
	size_t n = strlen(answer);

	n = n < size ? n : size;
	memcpy(to, answer, n);
	return chance(2) ? n : random_below((u32)n + 1);
}

static long do_read(long fd, u8 *to, size_t size)
{
	size_t n = random_below((u32)size + 1);

	require(is_open(fd), "a read from a descriptor that is not open");
	if (fd == self.signals)
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

static long do_connect(long fd, size_t size)
{
	static const int16_t results[] = { 0, -EINPROGRESS, -EINPROGRESS, -EALREADY, -EISCONN, -ECONNREFUSED, -EINTR };

	require(is_open(fd), "a connection is made with a descriptor that is not open");
	require(size > 0 && size <= MAX_ADDRESS, "an address is no address");
	return results[random_below(ARRAY_SIZE(results))];
}

static long do_write(long fd, size_t size)
{
	/* A log that could not be opened is written to all the same: what counts is that the lines are counted. */
	if (!is_open(fd))
		return -EBADF;
	return chance(20) ? -ENOSPC : chance(20) ? -EAGAIN : chance(20) ? (long)random_below((u32)size + 1) : (long)size;
}

static long do_pread(u8 *to, size_t size)
{
	static const char counts[] = "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n";

	if (size < sizeof(counts) || size == 512) {
		memcpy(to, counts, size < sizeof(counts) ? size : sizeof(counts));
		return (long)(size < sizeof(counts) ? size : sizeof(counts));
	}
	/* The list of an app's processes. */
	if (size == 1024)
		return live_count && chance(2) ? sprintf((char *)to, "0\n%d\n", live[random_below(live_count)]) : 0;
	if (size != exec_size)
		return chance(2) ? -EIO : (long)size;
	memcpy(to, exec_tape, exec_size);
	for (u32 n = random_below(3); n > 0; n--)
		to[random_below((u32)size)] = (u8)random_bits();
	return (long)size;
}

static void fill_message(struct message *m)
{
	static const u32 types[] = { MSG_EXEC, MSG_EXEC, MSG_EXEC, MSG_SIGNAL, MSG_SIGNAL, MSG_PTY, MSG_RESTART,
				     MSG_RESTART, MSG_DONE, MSG_LAUNCH, 99, MSG_ATTACH, MSG_ATTACH, MSG_RESIZE };

	*m = (struct message){ .magic = MESSAGE_MAGIC, .type = types[random_below(ARRAY_SIZE(types))] };
	m->app = (s32)random_below(6) - 3;
	m->a = (s32)random_below(68) - 2;
	if (rounds > HASTE_AFTER || chance(200))
		m->type = MSG_STOP;
	m->d = chance(2) ? (s64)random_bits() : (s64)random_below(5000) - 1;
	if (chance(8))
		((u8 *)m)[random_below(sizeof(*m))] = (u8)random_bits();
}

static long do_receive(long fd, struct msghdr *msg)
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
static long do_client(long nr, long fd, u8 *bytes, size_t size)
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

static long do_ioctl(long fd, long what)
{
	require(is_open(fd), "an ioctl on a descriptor that is not open");
	return what == TIOCGPTPEER ? take_fd() : chance(20) ? -EIO : 0;
}

static long do_clock(struct __kernel_timespec *to)
{
	now_ns += 1000;
	to->tv_sec = (s64)(now_ns / 1000000000u);
	to->tv_nsec = (s64)(now_ns % 1000000000u);
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
		open_fds[b] = 1;
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
		((struct stat *)b)->st_size = chance(8) ? (off_t)random_bits() : (off_t)exec_size;
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

static void account(const struct init *in, u32 expected)
{
	for (u32 i = 0; i < in->program.header->apps_count; i++) {
		const struct app *a = &in->apps[i];

		expected += (a->out.fd >= 0) + (a->err.fd >= 0) + (a->report >= 0) + (a->hook.report >= 0) + (a->hook.out.fd >= 0) + (a->mount_namespace >= 0) + (a->log.fd >= 0) +
			    (a->input >= 0) + (a->slave >= 0);
	}
	for (u32 i = 0; i < MAX_SESSIONS; i++) {
		const struct session *s = &in->sessions[i];

		expected += (s->sock >= 0) + (s->report >= 0) + (s->out >= 0) + (s->err >= 0);
	}
	for (u32 i = 0; i < MAX_CLIENTS; i++)
		expected += in->metadata.clients[i].fd >= 0;
	for (u32 i = 0; i < in->program.header->probes_count; i++)
		expected += (in->probes[i].fd >= 0) + (in->probes[i].report >= 0);
	for (u32 fd = 0; fd < FDS; fd++)
		expected -= open_fds[fd];
	require(expected == 0, "a descriptor was lost");
}

/* One pod, from its first app to its last. */
static void live_once(void)
{
	struct init *in = &self;
	u32 given = 0;

	memset(in, 0, sizeof(*in));
	memset(open_fds, 0, sizeof(open_fds));
	memset(watched, 0, sizeof(watched));
	live_count = 0;
	rounds = 0;
	for (u32 fd = 0; fd < 16; fd++, given++)
		open_fds[fd] = 1;
	memcpy(pod_copy, pod_tape, pod_size);
	require(program_load(&in->program, pod_copy, pod_size) == 0, "the pod's tape was refused");
	forget_all(in);
	for (u32 i = 0; i < in->program.header->regs; i++)
		in->regs[i] = 8;
	in->regs[R_CONTROL] = 10;
	in->regs[R_POD_STDIN] = 11;
	for (u32 i = 0; i < in->program.header->apps_count; i++)
		((struct tape_app *)in->program.apps)[i].flags = random_below(APP_FLAGS + 1);
	in->handoff = HANDOFF_FD;
	while (watch_all(in) < 0) {
		for (u32 fd = FIRST_FD; fd < FDS; fd++)
			open_fds[fd] = watched[fd] = 0;
		watched[10] = 0;
	}
	supervise(in);
	/* A client that came with the pod has been counted as a session. */
	account(in, given + 2 - (in->regs[R_POD_STDIN] < 0));
}

static size_t read_tape(const char *path, u8 *to)
{
	FILE *file = fopen(path, "rb");
	size_t size = file ? fread(to, 1, MAX_TAPE, file) : 0;

	require(size > 0 && size < MAX_TAPE, path);
	fclose(file);
	return size;
}

int main(int argc, char **argv)
{
	u64 count = argc > 4 ? strtoull(argv[2], NULL, 10) : 0;
	u64 pods = 0;

	require(count > 0, "usage: init-fuzz SEED COUNT POD-TAPE EXEC-TAPE");
	pod_size = read_tape(argv[3], pod_tape);
	exec_size = read_tape(argv[4], exec_tape);
	seed_random(strtoull(argv[1], NULL, 10));
	for (; total < count; pods++)
		live_once();
	printf("%llu rounds of events in %llu pods\n", (unsigned long long)total, (unsigned long long)pods);
	return 0;
}
