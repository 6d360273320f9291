/*
 * The monitor: stays in the host's namespaces (a normal user's monitor first enters a user namespace), makes PID 1 with all
 * of the pod's namespaces in one clone3, waits for its end, writes the pod's final record and plays the cleanup tape. It
 * makes no decisions: the calls and flags are on the tape.
 */
#include "stage1.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/prctl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

struct monitor {
	struct program program;
	s64 regs[MAX_REGS];
	s32 to_init;
};

static struct monitor monitor;

static void tell(enum message_type type, s32 a, s32 b, s32 c)
{
	struct message m = { .type = type, .app = -1, .a = a, .b = b, .c = c };

	/* stage0 may be gone; the pod goes on without it. */
	message_send(HANDOFF_FD, &m, NULL);
}

static int play(struct monitor *mon, enum purpose purpose)
{
	struct fault fault;
	int tape = program_find(&mon->program, purpose);

	if (tape < 0 || program_play(&mon->program, (u32)tape, mon->regs, &fault) == 0)
		return 0;
	tell(MSG_FAILED, (s32)fault.tape, (s32)fault.op, fault.err);
	return -1;
}

/* Receives the launch message and puts its descriptors into the registers that the tape expects. */
static int receive_launch(struct monitor *mon)
{
	s32 fds[MAX_MESSAGE_FDS];
	struct message m;
	struct stat st;
	void *image;

	if (message_receive(HANDOFF_FD, &m, fds, 0) != 1 || m.type != MSG_LAUNCH || m.fds < 3)
		return -1;
	if (sys2(__NR_fstat, fds[0], &st) < 0 || st.st_size <= 0 || st.st_size > MAX_TAPE_BYTES)
		return -1;
	image = (void *)sys6(__NR_mmap, 0, st.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fds[0], 0);
	if ((uintptr_t)image > (uintptr_t)-4096 || program_load(&mon->program, image, (size_t)st.st_size) < 0) {
		tell(MSG_MALFORMED, 0, 0, 0);
		return -1;
	}
	sys_close(fds[0]);
	for (u32 i = 0; i < mon->program.header->regs; i++)
		mon->regs[i] = -1;
	mon->regs[R_LOCK] = fds[1];
	mon->regs[R_POD_STDIN] = fds[2];
	if (R_FIRST_FREE + m.fds - 3 > mon->program.header->regs)
		return -1;
	for (u32 i = 3; i < m.fds; i++)
		mon->regs[R_FIRST_FREE + i - 3] = fds[i];
	return 0;
}

static int open_init_proc(struct monitor *mon, s32 pid)
{
	char path[32];
	struct text t = { path, path + sizeof(path) - 1 };

	put_literal(&t, "/proc/");
	put_number(&t, (u64)pid, 0);
	*t.at = 0;
	mon->regs[R_INIT_PID] = pid;
	mon->regs[R_INIT_PROC] = sys4(__NR_openat, AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	if (mon->regs[R_INIT_PROC] >= 0)
		return 0;
	tell(MSG_FAILED, program_find(&mon->program, TAPE_BASE), -1, (s32)-mon->regs[R_INIT_PROC]);
	return -1;
}

/* Makes PID 1, which gets everything else over its socket: see hand_over(). */
static s32 make_init(struct monitor *mon)
{
	int tape = program_find(&mon->program, TAPE_POD);
	const struct tape_entry *entry = &mon->program.tapes[tape < 0 ? 0 : tape];
	s32 pair[2];
	long pid;

	if (tape < 0 || sys4(__NR_socketpair, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	pid = spawn(entry->clone_flags, entry->cgroup_reg < 0 ? -1 : (long)mon->regs[entry->cgroup_reg], NULL);
	if (pid == 0) {
		sys_close(pair[0]);
		sys_exit(init_main(&mon->program, mon->regs, pair[1]));
	}
	sys_close(pair[1]);
	mon->to_init = pair[0];
	if (pid < 0) {
		sys_close(pair[0]);
		tell(MSG_FAILED, tape, -1, (s32)-pid);
	}
	return (s32)pid;
}

/* Waits for the namespaces that init makes itself. */
static int wait_born(struct monitor *mon)
{
	s32 fds[MAX_MESSAGE_FDS];
	struct message m;

	if (program_find(&mon->program, TAPE_BORN) < 0)
		return 0;
	return message_receive(mon->to_init, &m, fds, 0) == 1 && m.type == MSG_BORN && m.fds == 0 ? 0 : -1;
}

/* Sends the registers that the tape filled for init, in as many messages as needed. */
static int hand_over(struct monitor *mon, enum purpose purpose)
{
	int tape = program_find(&mon->program, purpose);
	struct message m = { .type = MSG_HANDOVER };
	s32 fds[HANDOVER_REGS];
	long ret = 0;

	for (u32 i = 0; ret >= 0 && tape >= 0 && i < mon->program.tapes[tape].ops; i++) {
		const struct tape_op *op = &mon->program.ops[mon->program.tapes[tape].first_op + i];

		if (!(op->flags & OP_HAND_OVER))
			continue;
		if (m.b == HANDOVER_REGS) {
			ret = message_send(mon->to_init, &m, fds);
			m = (struct message){ .type = MSG_HANDOVER };
		}
		if (mon->regs[op->out] >= 0) {
			fds[m.fds++] = (s32)mon->regs[op->out];
			m.d |= (s64)(1ull << m.b);
		}
		m.b++;
	}
	/* The last message is marked as such, and may be empty. */
	m.a = 1;
	if (ret >= 0)
		ret = message_send(mon->to_init, &m, fds);
	/* If init has ended, its end and its own earlier report tell the reason. */
	if (ret < 0 && ret != -EPIPE && ret != -ECONNRESET)
		tell(MSG_FAILED, tape, -1, (s32)-ret);
	return ret < 0 ? -1 : 0;
}

static int play_for_init(struct monitor *mon, enum purpose purpose)
{
	return play(mon, purpose) < 0 ? -1 : hand_over(mon, purpose);
}

/* Closes the descriptors that only init uses. */
static void close_attached(struct monitor *mon)
{
	int tape = program_find(&mon->program, TAPE_ATTACH);

	for (u32 i = 0; tape >= 0 && i < mon->program.tapes[tape].ops; i++) {
		const struct tape_op *op = &mon->program.ops[mon->program.tapes[tape].first_op + i];

		if (op->flags & OP_HAND_OVER) {
			sys_close(mon->regs[op->out]);
			mon->regs[op->out] = -1;
		}
	}
	/*
	 * A client that init never accepts learns of init's end only when nobody else listens. One of them may be whom the monitor
	 * waits for in the end.
	 */
	sys_close(mon->regs[R_CONTROL]);
	mon->regs[R_CONTROL] = -1;
}

/* Whether the other end of the hand-off socket is closed, and no message said that the pod is to go on without it. */
static int is_abandoned(void)
{
	u8 byte;
	long n;

	if (!(sys3(__NR_fcntl, HANDOFF_FD, F_GETFL, 0) & O_ASYNC))
		return 0;
	n = sys6(__NR_recvfrom, HANDOFF_FD, (long)&byte, 1, MSG_PEEK | MSG_DONTWAIT, 0, 0);
	/* unix(7) reports ECONNRESET, once, when the peer has gone without reading what was sent to it. */
	return n == 0 || n == -ECONNRESET;
}

static int says_stop(long sig)
{
	return sig == SIGTERM || sig == SIGINT || sig == SIGHUP || sig == SIGQUIT;
}

/*
 * Tells init to stop the apps, each with its own grace period. By a message, as no process of the pod can send one here: of a
 * signal, init could neither know the sender nor, while the pod keeps sending the same one, be sure to see it.
 */
static void ask_to_stop(const struct monitor *mon)
{
	struct message m = { .type = MSG_STOP, .app = -1, .d = -1 };

	message_send(mon->to_init, &m, NULL);
}

/*
 * Waits for init to end and passes on every request to stop. SIGIO arrives when the socket changes, if the tape asked for
 * that.
 */
static int wait_for(const struct monitor *mon, s32 pid)
{
	u64 all = ~0ull;
	int status = 0;

	for (;;) {
		long sig = sys4(__NR_rt_sigtimedwait, &all, NULL, NULL, sizeof(all));

		if (sys4(__NR_wait4, pid, &status, WNOHANG, NULL) == pid)
			return status;
		if (says_stop(sig))
			ask_to_stop(mon);
		/* init has not been reaped, so the pid is still its own. */
		else if (sig == SIGIO && is_abandoned())
			sys2(__NR_kill, pid, SIGKILL);
	}
}

/* Keeps the final record that init wrote: readers may have seen it, and its time differs from the monitor's. */
static int init_has_told(const struct monitor *mon, int status)
{
	char start[2];

	return WIFEXITED(status) && sys4(__NR_pread64, mon->regs[R_FINAL], start, sizeof(start), 0) == sizeof(start) &&
	       start[1] == '"';
}

int monitor_main(void)
{
	struct monitor *mon = &monitor;
	u64 all = ~0ull;
	int status = EXIT_POD_FAILED << 8;
	s32 pid;

	sys4(__NR_rt_sigprocmask, SIG_SETMASK, &all, NULL, sizeof(all));
	sys2(__NR_prctl, PR_SET_NAME, "stage1-monitor");
	sys2(__NR_prctl, PR_SET_DUMPABLE, 0);
	sys1(__NR_umask, 0);
	/*
	 * Closes descriptors that the caller left open: the pod must not hold them, and readers of the caller's pipes would wait
	 * for the monitor.
	 */
	sys3(__NR_close_range, HANDOFF_FD + 1, ~0u, 0);
	sys3(__NR_fcntl, HANDOFF_FD, F_SETFD, FD_CLOEXEC);
	sys0(__NR_setsid);
	if (receive_launch(mon) < 0)
		return EXIT_POD_FAILED;
	if (play(mon, TAPE_ENTER) == 0 && play(mon, TAPE_HOST) == 0 && (pid = make_init(mon)) > 0) {
		/* init works in parallel. On failure, it sees the end of its socket and exits. */
		int ready = open_init_proc(mon, pid) == 0 && play_for_init(mon, TAPE_BASE) == 0 &&
			    play_for_init(mon, TAPE_LEAVES) == 0 && wait_born(mon) == 0 && play_for_init(mon, TAPE_LINK) == 0 &&
			    play_for_init(mon, TAPE_ATTACH) == 0;

		close_attached(mon);
		if (!ready)
			sys_close(mon->to_init);
		sys2(__NR_prctl, PR_SET_NAME, "stage1-monitor");
		program_rest(&mon->program);
		status = wait_for(mon, pid);
		if (WIFSIGNALED(status))
			logs_mend(&mon->program, mon->regs);
		/* A signal that killed init is reported in preference to failures that followed from it. */
		if (!ready && !WIFSIGNALED(status))
			status = EXIT_POD_FAILED << 8;
	}
	if (!init_has_told(mon, status))
		record_final(mon->regs, status);
	play(mon, TAPE_CLEANUP);
	tell(MSG_EXITED, WIFEXITED(status) ? WEXITSTATUS(status) : 0, WIFSIGNALED(status) ? WTERMSIG(status) : 0, 0);
	play(mon, TAPE_SETTLE);
	return 0;
}
