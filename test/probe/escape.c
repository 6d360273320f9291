/* Ways out of a root that other runtimes left open. Each only looks for the canary, a file of the host that no pod should see. */
#include "probe.h"
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_FD = 256, CLIMB = 40 };

static const char *canary;
/* The same by way of the root above: "../../…/canary". */
static char climb[PATH_MAX];
static int tried;

static void look(const char *way, int dir, const char *path)
{
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	tried++;
	if (fd < 0)
		return;
	json_string(NULL, way);
	close(fd);
}

static void look_from(const char *way, const char *dir)
{
	char path[2 * PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", dir, climb);
	look(way, AT_FDCWD, path);
	snprintf(path, sizeof(path), "%s%s", dir, canary);
	look(way, AT_FDCWD, path);
}

/* Directories that were left open, by number and by their magic links. */
static void look_from_descriptors(void)
{
	char way[64];

	for (int fd = 0; fd < MAX_FD; fd++) {
		snprintf(way, sizeof(way), "/proc/self/fd/%d", fd);
		look(way, fd, climb);
		look_from(way, way);
	}
}

static void look_from_processes(void)
{
	static const char *const links[] = { "root", "cwd", "fd/3", "fd/4", "fd/5", "fd/6", "task/1/root" };
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	char way[512];

	while (proc && (entry = readdir(proc))) {
		if (atoi(entry->d_name) <= 0)
			continue;
		for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++) {
			snprintf(way, sizeof(way), "/proc/%s/%s", entry->d_name, links[i]);
			look_from(way, way);
		}
	}
	if (proc)
		closedir(proc);
}

/* From every mount point: one whose root was not pivoted away would lead on. */
static void look_from_mounts(void)
{
	char *text = read_file("/proc/self/mountinfo"), *rest = NULL;
	char path[PATH_MAX];

	for (char *line = text ? strtok_r(text, "\n", &rest) : NULL; line; line = strtok_r(NULL, "\n", &rest))
		if (sscanf(line, "%*s %*s %*s %*s %4095s", path) == 1)
			look_from(path, path);
}

/* The oldest one: a root below a descriptor that is outside of it. Changes nothing but this process. */
static void chroot_away(void)
{
	int outside = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	mkdir("/tmp/.escape", 0700);
	if (chroot("/tmp/.escape") < 0 || fchdir(outside) < 0)
		_exit(1);
	for (int i = 0; i < CLIMB; i++)
		if (chdir("..") < 0)
			break;
	if (chroot(".") < 0)
		_exit(1);
	_exit(open(canary, O_RDONLY | O_CLOEXEC) < 0);
}

/* Into the namespaces of somebody who sees more, where that is allowed at all. */
static void enter_init(void)
{
	int ns = open("/proc/1/ns/mnt", O_RDONLY | O_CLOEXEC);

	if (ns < 0 || setns(ns, CLONE_NEWNS) < 0)
		_exit(1);
	_exit(open(canary, O_RDONLY | O_CLOEXEC) < 0);
}

static void unmount_root(void)
{
	if (unshare(CLONE_NEWNS) < 0 || umount2("/", MNT_DETACH) < 0)
		_exit(1);
	_exit(open(canary, O_RDONLY | O_CLOEXEC) < 0 && open(climb, O_RDONLY | O_CLOEXEC) < 0);
}

static void in_child(const char *way, void (*act)(void))
{
	int status = 1;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child == 0)
		act();
	tried++;
	if (child > 0 && waitpid(child, &status, 0) == child && status == 0)
		json_string(NULL, way);
}

int escape(const char *path)
{
	size_t length = 0;

	canary = path;
	for (int i = 0; i < CLIMB; i++)
		length += snprintf(climb + length, sizeof(climb) - length, "../");
	snprintf(climb + length, sizeof(climb) - length, "%s", canary + 1);
	json_open(NULL, '{');
	json_open("found", '[');
	look("by its name", AT_FDCWD, canary);
	look("from the working directory", AT_FDCWD, climb);
	look_from_descriptors();
	look_from_processes();
	look_from_mounts();
	in_child("chroot", chroot_away);
	in_child("setns", enter_init);
	in_child("umount of the root", unmount_root);
	json_close(']');
	json_number("tried", tried);
	json_close('}');
	json_end();
	rmdir("/tmp/.escape");
	return 0;
}
