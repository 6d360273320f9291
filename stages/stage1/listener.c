/*
 * Listening sockets. A connection that cannot be accepted for lack of descriptors or memory stays in the queue and would
 * wake init again and again. So for a moment no connection is accepted; then accepting resumes, whatever else happens.
 */
#include "stage1.h"

#include <errno.h>
#include <sys/socket.h>
#include <time.h>

static const u64 PAUSE_NS = 100000000u;

long listener_accept(struct init *in, struct listener *l, enum watch kind)
{
	long sock = sys4(__NR_accept4, l->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (sock == -EMFILE || sock == -ENFILE || sock == -ENOMEM || sock == -ENOBUFS) {
		watch(in, l->fd, kind, 0, 0);
		l->deaf_until = clock_ns(CLOCK_MONOTONIC) + PAUSE_NS;
	}
	return sock;
}

void listener_advance(struct init *in, struct listener *l, enum watch kind)
{
	u64 now;

	if (!l->deaf_until)
		return;
	now = clock_ns(CLOCK_MONOTONIC);
	if (now >= l->deaf_until)
		l->deaf_until = watch(in, l->fd, kind, 0, 1) < 0 ? now + PAUSE_NS : 0;
}
