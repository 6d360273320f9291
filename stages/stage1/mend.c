/*
 * Repairs the ends of the logs after init was killed. If the writer is killed during a write, the kernel cuts the write off
 * between two pages, and the remaining part of a line would be taken for a whole line, or be joined to the next one.
 */
#include "stage1.h"

#include <fcntl.h>

enum { STEP = 4096, STEPS = 16 };

/* Where the last whole line ends; -1 when it is further back than the longest write, so the text is not from init. */
static long last_line_end(long fd, long size)
{
	char bytes[STEP];

	for (int step = 0; step < STEPS && size > 0; step++) {
		long part = size < STEP ? size : STEP;

		if (sys4(__NR_pread64, fd, bytes, part, size - part) != part)
			return -1;
		for (long n = part; n > 0; n--) {
			if (bytes[n - 1] == '\n')
				return size - part + n;
		}
		size -= part;
	}
	return size > 0 ? -1 : 0;
}

static void mend(long fd)
{
	long size = sys3(__NR_lseek, fd, 0, SEEK_END);
	long end = last_line_end(fd, size);

	if (end >= 0 && end < size)
		sys2(__NR_ftruncate, fd, end);
}

void logs_mend(const struct program *p, const s64 *regs)
{
	char path[96];

	for (u32 i = 0; i < p->header->apps_count; i++) {
		long fd = sys4(__NR_openat, regs[R_LOGS], log_name(p, i, 0, path, sizeof(path)),
			       O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0);

		if (fd < 0)
			continue;
		mend(fd);
		sys_close(fd);
	}
}
