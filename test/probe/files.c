#include "probe.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* `each` is called with every name of the directory but "." and "..". */
static void for_each_name(const char *path, void (*each)(const char *dir, const char *name))
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			each(path, entry->d_name);
	if (dir)
		closedir(dir);
}

static void link_entry(const char *dir, const char *name)
{
	char path[512], target[4096];
	ssize_t length;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	length = readlink(path, target, sizeof(target) - 1);
	if (length < 0)
		return;
	target[length] = '\0';
	json_string(name, target);
}

static const char *type_of(mode_t mode)
{
	if (S_ISCHR(mode))
		return "char";
	if (S_ISBLK(mode))
		return "block";
	if (S_ISDIR(mode))
		return "directory";
	return S_ISLNK(mode) ? "link" : "file";
}

static void device_entry(const char *dir, const char *name)
{
	char path[512];
	struct stat stat;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (lstat(path, &stat) < 0)
		return;
	json_open(name, '{');
	json_string("type", type_of(stat.st_mode));
	json_number("major", major(stat.st_rdev));
	json_number("minor", minor(stat.st_rdev));
	json_number("mode", stat.st_mode & 07777);
	json_number("uid", stat.st_uid);
	json_close('}');
}

/* See proc_pid_mountinfo(5): id, parent, device, root, path, options, tags…, "-", type, source, super options. */
static void mount_entry(char *line)
{
	char *separator = strstr(line, " - ");
	char root[4096], path[4096], options[512], type[64], source[4096], super[4096];
	int tags = 0;

	if (!separator)
		return;
	*separator = '\0';
	if (sscanf(line, "%*s %*s %*s %4095s %4095s %511s%n", root, path, options, &tags) < 3)
		return;
	if (sscanf(separator + 3, "%63s %4095s %4095s", type, source, super) < 3)
		return;
	json_open(NULL, '{');
	json_string("path", path);
	json_string("root", root);
	json_string("type", type);
	json_string("source", source);
	json_string("options", options);
	json_string("superOptions", super);
	json_string("propagation", line + tags + strspn(line + tags, " "));
	json_close('}');
}

static void report_lines(const char *key, const char *path, void (*each)(char *line))
{
	char *text = read_file(path), *rest = NULL;

	json_open(key, '[');
	for (char *line = text ? strtok_r(text, "\n", &rest) : NULL; line; line = strtok_r(NULL, "\n", &rest))
		each(line);
	json_close(']');
}

static void string_entry(char *line)
{
	json_string(NULL, line);
}

void report_files(void)
{
	json_open("descriptors", '{');
	for_each_name("/proc/self/fd", link_entry);
	json_close('}');
	json_open("namespaces", '{');
	for_each_name("/proc/self/ns", link_entry);
	json_close('}');
	json_open("dev", '{');
	for_each_name("/dev", device_entry);
	json_close('}');
	report_lines("mounts", "/proc/self/mountinfo", mount_entry);
	report_lines("cgroups", "/proc/self/cgroup", string_entry);
	report_lines("uidMap", "/proc/self/uid_map", string_entry);
	report_lines("gidMap", "/proc/self/gid_map", string_entry);
}

static const char *const KERNEL_PATHS[] = {
	"/proc/acpi", "/proc/asound", "/proc/bus", "/proc/fs", "/proc/interrupts", "/proc/irq", "/proc/kcore",
	"/proc/keys", "/proc/latency_stats", "/proc/sched_debug", "/proc/scsi", "/proc/sys", "/proc/sysrq-trigger",
	"/proc/timer_list", "/proc/timer_stats", "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe",
	"/proc/sys/fs/binfmt_misc", "/sys/firmware", "/sys/devices/virtual/powercap", "/sys/fs/selinux",
	"/sys/kernel/uevent_helper", "/sys/fs/cgroup", "/sys", "/dev/kmsg", "/dev/mem",
};

/* How many names a directory has, up to the two of an empty one being 0. */
static int names_in(const char *path)
{
	int count = 0;
	DIR *dir = opendir(path);

	if (!dir)
		return -1;
	while (readdir(dir))
		count++;
	closedir(dir);
	return count - 2;
}

/* Opened for appending and closed again: nothing is ever written. */
static const char *write_outcome(const char *path)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK);
	const char *result = outcome(fd);

	if (fd >= 0)
		close(fd);
	return result;
}

static void report_kernel_file(const char *path)
{
	char bytes[64];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	const char *opened = outcome(fd);
	ssize_t got = fd < 0 ? -1 : read(fd, bytes, sizeof(bytes));

	json_string("read", opened);
	json_number("bytes", got);
	json_string("write", write_outcome(path));
	if (fd >= 0)
		close(fd);
}

void report_kernel_paths(void)
{
	struct stat stat;

	json_open("kernelPaths", '{');
	for (size_t i = 0; i < sizeof(KERNEL_PATHS) / sizeof(*KERNEL_PATHS); i++) {
		const char *path = KERNEL_PATHS[i];

		if (lstat(path, &stat) < 0)
			continue;
		json_open(path, '{');
		json_string("type", type_of(stat.st_mode));
		if (S_ISDIR(stat.st_mode)) {
			json_number("names", names_in(path));
			json_string("write", outcome(access(path, W_OK)));
		} else {
			report_kernel_file(path);
		}
		json_close('}');
	}
	json_close('}');
}
