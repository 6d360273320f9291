#include "probe.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool first = true;

static void quote(const char *text)
{
	putchar('"');
	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		if (*p == '"' || *p == '\\')
			printf("\\%c", *p);
		else if (*p < 0x20 || *p >= 0x7f)
			printf("\\u%04x", *p);
		else
			putchar(*p);
	}
	putchar('"');
}

static void start(const char *key)
{
	if (!first)
		putchar(',');
	first = false;
	if (key) {
		quote(key);
		putchar(':');
	}
}

void json_open(const char *key, char bracket)
{
	start(key);
	putchar(bracket);
	first = true;
}

void json_close(char bracket)
{
	putchar(bracket);
	first = false;
}

void json_number(const char *key, long long value)
{
	start(key);
	printf("%lld", value);
}

void json_unsigned(const char *key, unsigned long long value)
{
	start(key);
	printf("%llu", value);
}

void json_bool(const char *key, bool value)
{
	start(key);
	fputs(value ? "true" : "false", stdout);
}

void json_null(const char *key)
{
	start(key);
	fputs("null", stdout);
}

void json_string(const char *key, const char *value)
{
	start(key);
	quote(value);
}

void json_end(void)
{
	putchar('\n');
	fflush(stdout);
}

const char *outcome(long result)
{
	const char *name;

	if (result >= 0)
		return "ok";
	name = strerrorname_np(errno);
	return name ? name : "unknown";
}

char *read_file(const char *path)
{
	static char buffer[65536];
	size_t length = 0;
	ssize_t got;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return NULL;
	while (length < sizeof(buffer) - 1 && (got = read(fd, buffer + length, sizeof(buffer) - 1 - length)) > 0)
		length += got;
	close(fd);
	buffer[length] = '\0';
	return buffer;
}
