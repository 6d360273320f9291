#include "probe.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Answers every connection with the peer's address, on all addresses of both families, until it is killed. */
int serve(int port)
{
	struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	int listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(listener, 16) < 0) {
		printf("serve: %s\n", outcome(-1));
		return 1;
	}
	puts("serving");
	fflush(stdout);
	for (;;) {
		char text[INET6_ADDRSTRLEN + 16];
		struct sockaddr_in6 peer;
		socklen_t length = sizeof(peer);
		int connection = accept(listener, (struct sockaddr *)&peer, &length);

		if (connection < 0)
			continue;
		strcpy(text, "hello ");
		inet_ntop(AF_INET6, &peer.sin6_addr, text + 6, INET6_ADDRSTRLEN);
		strcat(text, "\n");
		send(connection, text, strlen(text), MSG_NOSIGNAL);
		close(connection);
	}
}

static int connect_to(const char *host, int port)
{
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	bool is_four = inet_pton(AF_INET, host, &four.sin_addr) == 1;
	int fd = socket(is_four ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (!is_four)
		inet_pton(AF_INET6, host, &six.sin6_addr);
	if (fd < 0)
		return -1;
	if (is_four)
		return connect(fd, (struct sockaddr *)&four, sizeof(four)) < 0 ? -1 : fd;
	return connect(fd, (struct sockaddr *)&six, sizeof(six)) < 0 ? -1 : fd;
}

/* Prints what the other side sends. */
int fetch(const char *host, int port)
{
	char bytes[4096];
	ssize_t got;
	int fd = connect_to(host, port);

	if (fd < 0) {
		printf("fetch: %s\n", outcome(-1));
		return 1;
	}
	while ((got = read(fd, bytes, sizeof(bytes))) > 0)
		if (write(1, bytes, got) < 0)
			return 1;
	close(fd);
	return 0;
}
