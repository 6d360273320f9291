/* Memory that the kernel holds for a process, and that no mapping of it shows. */
#include "probe.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CHUNK = 64 << 10, PIPE_BYTES = 1 << 20, SOCKET_BYTES = 4 << 20 };

static char chunk[CHUNK];

/* What a descriptor takes until it would block. */
static long fill(int fd)
{
	long total = 0, n;

	fcntl(fd, F_SETFL, O_NONBLOCK);
	while ((n = write(fd, chunk, sizeof(chunk))) > 0)
		total += n;
	return total;
}

static long open_pipe(void)
{
	int ends[2];

	if (pipe(ends) < 0)
		return -1;
	fcntl(ends[1], F_SETPIPE_SZ, PIPE_BYTES);
	return fill(ends[1]);
}

static long open_sockets(void)
{
	const int bytes = SOCKET_BYTES;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
		return -1;
	for (int i = 0; i < 2; i++)
		setsockopt(ends[i], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	return fill(ends[0]) + fill(ends[1]);
}

/* Says how much the kernel holds when it holds so many bytes, or takes no more. */
int hold_kernel_memory(const char *kind, long bytes)
{
	long held = 0, n = 1;

	while (held < bytes && n > 0) {
		n = strcmp(kind, "pipes") ? open_sockets() : open_pipe();
		if (n > 0)
			held += n;
	}
	printf("held %ld\n", held);
	return 0;
}
