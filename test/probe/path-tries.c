#include "probe.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <unistd.h>

static const char *const INIT_PATHS[] = {
	"/proc/1/exe", "/proc/1/root", "/proc/1/cwd", "/proc/1/fd", "/proc/1/environ", "/proc/1/mem", "/proc/1/maps",
	"/proc/1/root/etc/shadow",
};

static int writable_files;

static int count_writable(const char *path, const struct stat *stat, int type, struct FTW *walk)
{
	(void)stat;
	(void)walk;
	if (type == FTW_F && access(path, W_OK) == 0) {
		int fd = open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK);

		if (fd >= 0) {
			writable_files++;
			close(fd);
		}
	}
	return 0;
}

/* What of PID 1 can be opened, and how many files of a tree could be written to. */
void report_path_tries(void)
{
	json_open("init", '{');
	for (size_t i = 0; i < sizeof(INIT_PATHS) / sizeof(*INIT_PATHS); i++) {
		int fd = open(INIT_PATHS[i], O_RDONLY | O_CLOEXEC);

		json_string(INIT_PATHS[i], outcome(fd));
		if (fd >= 0)
			close(fd);
	}
	json_close('}');
	writable_files = 0;
	nftw("/sys/fs/cgroup", count_writable, 16, FTW_PHYS);
	json_number("writableCgroupFiles", writable_files);
}
