/* What an app finds that takes its own root away: a root that lies on another shows that one. */
#include "probe.h"
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

static void list(const char *key, const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	json_open(key, '[');
	while (dir && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			json_string(NULL, entry->d_name);
	json_close(']');
	if (dir)
		closedir(dir);
}

/* Mount points as the process of `self` sees them now. */
static void list_mounts(int self)
{
	char text[1 << 16], point[4096], *rest = NULL;
	int fd = openat(self, "mountinfo", O_RDONLY | O_CLOEXEC);
	size_t length = 0;
	ssize_t got;

	while (fd >= 0 && (got = read(fd, text + length, sizeof(text) - 1 - length)) > 0)
		length += got;
	text[length] = 0;
	json_open("mounts", '[');
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		if (sscanf(line, "%*s %*s %*s %*s %4095s", point) == 1)
			json_string(NULL, point);
	json_close(']');
	if (fd >= 0)
		close(fd);
}

int beneath(void)
{
	int self = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int own;

	json_open(NULL, '{');
	/* A namespace to itself: the app's other processes keep theirs. */
	json_string("unshare", outcome(unshare(CLONE_NEWNS)));
	own = openat(self, "ns/mnt", O_RDONLY | O_CLOEXEC);
	json_string("umount", outcome(umount2("/", MNT_DETACH)));
	/* Who enters a namespace gets the root that it shows by then. */
	json_string("setns", outcome(setns(own, CLONE_NEWNS)));
	list("root", "/");
	list_mounts(self);
	json_close('}');
	json_end();
	return 0;
}
