/* What the parts of init-fuzz share: the state of a world that init takes for the kernel's. */
#ifndef POD_INIT_FUZZ_H
#define POD_INIT_FUZZ_H

#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#include "../../stages/stage1/stage1.h"
#include "random.h"

enum { FDS = 1024, PIDS = 256, FIRST_FD = 32, MAX_ROUNDS = 20000, HASTE_AFTER = 2000, MAX_TAPE = 256 << 10 };

struct world {
	u8 open_fds[FDS];
	u8 watched[FDS];
	u64 watch_data[FDS];
	s32 live[PIDS];
	u32 live_count;
	s32 next_pid;
	/* The process that was reaped last. */
	s32 reaped;
	u64 now_ns, rounds, total;
	u8 exec_tape[MAX_TAPE];
	size_t exec_size;
	/* The init that lives in it. */
	const struct init *init;
};
extern struct world world;

/* Ends the run with the round it is in. */
void require(int ok, const char *what);
int chance(u32 of);

/* init-kernel.c */
long take_fd(void);
int is_open(long fd);

/* init-input.c: what comes from clients, apps, servers and files. */
long do_read(long fd, u8 *to, size_t size);
long do_write(long fd, size_t size);
long do_pread(u8 *to, size_t size);
long do_receive(long fd, struct msghdr *msg);
long do_client(long nr, long fd, u8 *bytes, size_t size);

#endif
