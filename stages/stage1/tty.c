/* What an app gets instead of init's pipes and /dev/null: a pseudo-terminal of the pod, or an input that is kept open. */
#include "stage1.h"

#include <asm/ioctls.h>
#include <asm/termios.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

enum { INPUT_CHUNK = 4096 };

static u8 typed[INPUT_CHUNK];

static u32 flags_of(const struct init *in, u32 index)
{
	return in->program.apps[index].flags;
}

int takes_input(const struct init *in, u32 index)
{
	return (flags_of(in, index) & (APP_TERMINAL | APP_INPUT_KEPT)) != 0;
}

/* From the pod's own devpts, whatever the app's /dev contains. */
long terminal_master(const struct init *in)
{
	return sys4(__NR_openat, in->regs[R_PTMX], "ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK, 0);
}

static long set_size(const struct app *a)
{
	struct winsize size = { .ws_row = a->rows, .ws_col = a->columns };

	return sys3(__NR_ioctl, a->input, TIOCSWINSZ, &size);
}

/* On failure, input_close and the closing of the streams close what was opened. */
static long open_terminal(const struct init *in, struct app *a)
{
	s32 unlocked = 0;
	long ret = terminal_master(in);

	if (ret < 0)
		return ret;
	a->out = (struct stream){ .fd = (s32)ret };
	ret = sys3(__NR_ioctl, a->out.fd, TIOCSPTLCK, &unlocked);
	/* Opens the other end by descriptor: a path could lead anywhere (CVE-2025-52565). */
	if (ret >= 0)
		ret = sys3(__NR_ioctl, a->out.fd, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (ret < 0)
		return ret;
	/* Kept open: an app that closes all of its descriptors must not lose the terminal and be killed by the hangup. */
	a->slave = (s32)ret;
	/* A separate descriptor, so that epoll can wait for it to become writable. */
	ret = sys3(__NR_fcntl, a->out.fd, F_DUPFD_CLOEXEC, 0);
	if (ret < 0)
		return ret;
	a->input = (s32)ret;
	return a->rows || a->columns ? set_size(a) : 0;
}

static long open_kept_input(struct app *a, s32 *read_end)
{
	s32 pipe[2];
	long ret = sys2(__NR_pipe2, pipe, O_CLOEXEC);

	if (ret < 0)
		return ret;
	sys3(__NR_fcntl, pipe[1], F_SETFL, O_NONBLOCK);
	a->input = pipe[1];
	*read_end = pipe[0];
	return 0;
}

/* 1: the app has a terminal, and stdio is complete; 0: standard output and error are still to be made; minus errno. */
long input_open(struct init *in, u32 index, s32 *stdio)
{
	struct app *a = &in->apps[index];
	long ret;

	if (flags_of(in, index) & APP_TERMINAL) {
		ret = open_terminal(in, a);
		stdio[0] = stdio[1] = stdio[2] = a->slave;
		return ret < 0 ? ret : 1;
	}
	return flags_of(in, index) & APP_INPUT_KEPT ? open_kept_input(a, &stdio[0]) : 0;
}

/* Called once the child has its copies: init keeps a terminal's end, but not the app's ends of its pipes. */
void input_given(const struct init *in, u32 index, const s32 *stdio)
{
	if (flags_of(in, index) & APP_TERMINAL)
		return;
	if (flags_of(in, index) & APP_INPUT_KEPT && stdio[0] != in->regs[R_POD_STDIN])
		sys_close(stdio[0]);
	sys_close(stdio[1]);
	sys_close(stdio[2]);
}

/* Called at the end of the app. A terminal cannot be read any more: the kernel has hung it up with its session. */
void input_close(struct init *in, u32 index)
{
	struct app *a = &in->apps[index];

	if (a->input_full)
		watch(in, a->input, WATCH_ROOM, index, 0);
	a->input_full = 0;
	sys_close(a->input);
	a->input = -1;
	if (a->slave < 0)
		return;
	sys_close(a->slave);
	a->slave = -1;
	stream_close(in, index, &a->out);
}

long terminal_resize(struct init *in, s32 index, s32 rows, s32 columns)
{
	struct app *a;

	if (index < 0 || (u32)index >= in->program.header->apps_count || rows < 0 || rows > 0xffff || columns < 0 ||
	    columns > 0xffff)
		return -EINVAL;
	if (!(flags_of(in, (u32)index) & APP_TERMINAL))
		return -ENOTTY;
	a = &in->apps[index];
	/* Kept for the terminal that the app will get, if it has none yet. */
	a->rows = (u16)rows;
	a->columns = (u16)columns;
	return a->input < 0 ? 0 : set_size(a);
}

/*
 * Passes a client's input on to the app. Input is removed from the client's socket only when the app has taken it, so input
 * that does not fit stays there, and the client has to wait.
 */
void input_pump(struct init *in, u32 index)
{
	struct session *s = &in->sessions[index];
	struct app *a;
	long taken;
	long n;

	/* Closed, or held up by another client, earlier in the same turn. */
	if (s->app < 0 || !s->listened)
		return;
	a = &in->apps[s->app];
	n = sys6(__NR_recvfrom, s->out, (long)typed, sizeof(typed), MSG_PEEK | MSG_DONTWAIT, 0, 0);
	if (n == -EAGAIN || n == -EINTR)
		return;
	if (n <= 0) {
		listen_to(in, index, 0);
		return;
	}
	/* An app that has closed its input, or has ended, accepts everything. */
	taken = a->input < 0 ? n : sys3(__NR_write, a->input, typed, n);
	if (taken == -EAGAIN && !a->input_full) {
		a->input_full = 1;
		watch(in, a->input, WATCH_ROOM, (u32)s->app, 1);
	}
	if (taken == -EAGAIN)
		listen_to(in, index, 0), s->held_up = 1;
	else if (taken != -EINTR)
		sys6(__NR_recvfrom, s->out, (long)typed, taken < 0 ? n : taken, MSG_DONTWAIT, 0, 0);
}

/* The app has read something or has started: its clients' input continues. */
void input_room(struct init *in, u32 index)
{
	struct app *a = &in->apps[index];

	if (a->input_full)
		watch(in, a->input, WATCH_ROOM, index, 0);
	a->input_full = 0;
	for (u32 i = 0; i < MAX_SESSIONS; i++) {
		struct session *s = &in->sessions[i];

		if (s->app != (s32)index || !s->held_up)
			continue;
		s->held_up = 0;
		listen_to(in, i, 1);
	}
}
