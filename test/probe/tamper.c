/* What a pod might do to what it shares with others: masks taken away, device nodes changed, a terminal typed into. */
#include "probe.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { MAX_LISTED = 400, LAYERS = 4 };

static const char *const COVERED[] = {
	"/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
	"/proc/sched_debug", "/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/proc/bus", "/proc/fs", "/proc/irq",
	"/proc/sys", "/proc/sysrq-trigger", "/sys/firmware", "/sys/fs/selinux", "/sys/devices/virtual/powercap",
	"/sys/fs/cgroup", "/proc", "/sys", "/dev",
};
static const char *const CONTROLLERS[] = { "memory", "devices", "freezer", "pids", "cpu", "blkio" };
static int listed;

static int list_writable(const char *path, const struct stat *stat, int type, struct FTW *walk)
{
	int fd;

	(void)walk;
	if (type != FTW_F || !S_ISREG(stat->st_mode) || listed >= MAX_LISTED)
		return 0;
	/* Opened and closed again: nothing is ever written. */
	fd = open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return 0;
	close(fd);
	json_string(NULL, path);
	listed++;
	return 0;
}

static int count_unmounted(void)
{
	int count = 0;

	for (size_t i = 0; i < sizeof(COVERED) / sizeof(*COVERED); i++) {
		for (int layer = 0; layer < LAYERS && strrchr(COVERED[i], '/') != COVERED[i]; layer++)
			count += umount2(COVERED[i], MNT_DETACH) == 0;
		mount(NULL, COVERED[i], NULL, MS_REMOUNT | MS_BIND, NULL);
	}
	return count;
}

/* Fresh ones, without what covers the old. */
static int count_mounted(void)
{
	char dir[64];
	int count = 0;

	mkdir("/tmp/.tamper", 0700);
	mount("none", "/tmp/.tamper", "tmpfs", 0, "");
	mkdir("/tmp/.tamper/proc", 0700);
	mkdir("/tmp/.tamper/sys", 0700);
	count += mount("none", "/tmp/.tamper/proc", "proc", 0, NULL) == 0;
	count += mount("none", "/tmp/.tamper/sys", "sysfs", 0, NULL) == 0;
	mkdir("/tmp/.tamper/cgroup2", 0700);
	count += mount("none", "/tmp/.tamper/cgroup2", "cgroup2", 0, NULL) == 0;
	for (size_t i = 0; i < sizeof(CONTROLLERS) / sizeof(*CONTROLLERS); i++) {
		snprintf(dir, sizeof(dir), "/tmp/.tamper/%s", CONTROLLERS[i]);
		mkdir(dir, 0700);
		count += mount("none", dir, "cgroup", 0, CONTROLLERS[i]) == 0;
	}
	return count;
}

/* Takes away what covers the kernel's files, as far as it is let, and lists those that could be written to then. */
int unmask(void)
{
	static const char *const trees[] = {
		"/proc/sys", "/proc/irq", "/proc/bus", "/proc/fs", "/proc/scsi", "/proc/acpi", "/proc/sysrq-trigger",
		"/proc/kcore", "/proc/timer_list", "/sys", "/sys/fs/cgroup", "/tmp/.tamper/proc/sys", "/tmp/.tamper/proc/sysrq-trigger",
		"/tmp/.tamper/proc/kcore", "/tmp/.tamper/sys", "/tmp/.tamper/cgroup2", "/tmp/.tamper/memory",
		"/tmp/.tamper/devices", "/tmp/.tamper/freezer", "/tmp/.tamper/pids", "/tmp/.tamper/cpu", "/tmp/.tamper/blkio",
	};

	json_open(NULL, '{');
	json_number("unmounted", count_unmounted());
	json_number("mounted", count_mounted());
	json_open("writable", '[');
	for (size_t i = 0; i < sizeof(trees) / sizeof(*trees); i++)
		nftw(trees[i], list_writable, 16, FTW_PHYS | FTW_MOUNT);
	json_close(']');
	json_close('}');
	json_end();
	return 0;
}

#define TRY(name, expression) \
	static long try_##name(void) { return (long)(expression); }

/* Where they succeed they change nothing: the mode is the one there is, the owner is kept. */
TRY(chmod, chmod("/dev/null", 0666))
TRY(chown, chown("/dev/zero", -1, -1))
TRY(chmod_stdin, fchmod(0, 0666))
TRY(chown_stdin, fchown(0, -1, -1))
TRY(unlink, unlink("/dev/null"))
TRY(rename, rename("/dev/null", "/dev/nothing"))
TRY(link, link("/dev/null", "/dev/another"))
TRY(symlink, symlink("/proc/sys/kernel/core_pattern", "/dev/core_pattern"))
TRY(create, open("/dev/made", O_CREAT | O_WRONLY | O_CLOEXEC, 0600))
TRY(make, mknod("/dev/disk", S_IFBLK | 0600, makedev(8, 0)))
TRY(replace_ptmx, unlink("/dev/ptmx"))
TRY(make_directory, mkdir("/dev/dir", 0700))

/* What can be done to /dev, and through it to the host's own device nodes. */
int tamper_with_devices(void)
{
	json_open(NULL, '{');
	try_in_child("chmod", try_chmod);
	try_in_child("chown", try_chown);
	try_in_child("chmod_stdin", try_chmod_stdin);
	try_in_child("chown_stdin", try_chown_stdin);
	try_in_child("unlink", try_unlink);
	try_in_child("rename", try_rename);
	try_in_child("link", try_link);
	try_in_child("symlink", try_symlink);
	try_in_child("create", try_create);
	try_in_child("make", try_make);
	try_in_child("replace_ptmx", try_replace_ptmx);
	try_in_child("make_directory", try_make_directory);
	json_close('}');
	json_end();
	return 0;
}

/* What the standard streams are, and whether one is a terminal that takes what we type. */
int look_at_terminal(void)
{
	char key[16], byte = 'x';
	struct stat stat;

	json_open(NULL, '{');
	for (int fd = 0; fd < 3; fd++) {
		snprintf(key, sizeof(key), "%d", fd);
		json_open(key, '{');
		json_bool("isDevice", fstat(fd, &stat) == 0 && S_ISCHR(stat.st_mode));
		json_bool("isTerminal", isatty(fd));
		json_string("type", outcome(ioctl(fd, TIOCSTI, &byte)));
		json_close('}');
	}
	json_string("own", outcome(open("/dev/tty", O_RDWR | O_CLOEXEC)));
	json_close('}');
	json_end();
	return 0;
}
