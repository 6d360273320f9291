/*
 * Clients of an app: they get a copy of its output from now on, and their input goes to it. Nothing here ever waits for a
 * client: output that a client does not take is lost to that client and counted, but still in the log (CVE-2025-64329).
 */
#include "stage1.h"

#include <errno.h>
#include <sys/socket.h>

/* Descriptors: a socket for input and standard output, and one for standard error; init keeps both. */
long attach(struct init *in, u32 index, const struct message *m, const s32 *fds)
{
	struct session *s = &in->sessions[index];

	if (m->fds != 2 || m->app < 0 || (u32)m->app >= in->program.header->apps_count)
		return -EINVAL;
	if (s->app >= 0 || s->pid > 0)
		return -EBUSY;
	if (in->apps[m->app].state == APP_EXITED)
		return -ESRCH;
	if (sessions_busy(in) >= MAX_SESSIONS - REQUEST_SESSIONS)
		return -EUSERS;
	s->app = m->app;
	s->out = fds[0];
	s->err = fds[1];
	s->lost = 0;
	in->attached++;
	/* Until the app can take it, the client's input stays in the client's socket. */
	if (in->apps[m->app].state != APP_STARTING && in->apps[m->app].state != APP_RUNNING)
		s->held_up = (u8)takes_input(in, (u32)m->app);
	else if (takes_input(in, (u32)m->app))
		listen_to(in, index, 1);
	return 0;
}

void listen_to(struct init *in, u32 index, int on)
{
	struct session *s = &in->sessions[index];

	if (s->listened == on)
		return;
	s->listened = (u8)on;
	watch(in, s->out, WATCH_CLIENT, index, on);
}

void attach_leave(struct init *in, u32 index)
{
	struct session *s = &in->sessions[index];

	if (s->app < 0)
		return;
	listen_to(in, index, 0);
	sys_close(s->out);
	sys_close(s->err);
	s->app = s->out = s->err = -1;
	s->held_up = 0;
	in->attached--;
}

void attach_show(const struct init *in, u32 app, u8 tag, const char *bytes, size_t size)
{
	struct session *s = (struct session *)in->sessions;

	for (u32 i = 0; in->attached > 0 && i < MAX_SESSIONS; i++, s++) {
		long sent;

		if (s->app != (s32)app)
			continue;
		sent = sys6(__NR_sendto, tag ? s->err : s->out, (long)bytes, (long)size, MSG_DONTWAIT | MSG_NOSIGNAL, 0, 0);
		s->lost += size - (size_t)(sent < 0 ? 0 : sent);
	}
}

/* The clients' input stays in their sockets until the app runs again. */
static void hold_up(struct init *in, u32 app)
{
	for (u32 i = 0; i < MAX_SESSIONS; i++) {
		if (in->sessions[i].app != (s32)app)
			continue;
		listen_to(in, i, 0);
		in->sessions[i].held_up = (u8)takes_input(in, app);
	}
}

/*
 * The app has ended and all its output has been sent: reports the end to its clients and detaches them, unless the app
 * restarts.
 */
void attach_end(struct init *in, u32 app)
{
	if (in->apps[app].state != APP_EXITED) {
		hold_up(in, app);
		return;
	}
	for (u32 i = 0; i < MAX_SESSIONS; i++) {
		struct session *s = &in->sessions[i];
		struct message m = { .type = MSG_EXITED, .app = (s32)app, .a = in->apps[app].code, .b = in->apps[app].signal };

		if (s->app != (s32)app)
			continue;
		m.d = (s64)s->lost;
		attach_leave(in, i);
		message_send(s->sock, &m, NULL);
	}
}
