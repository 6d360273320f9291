/* Messages, descriptors and simple formatting, shared by monitor and init. */
#ifndef POD_IO_H
#define POD_IO_H

#include "sys.h"

enum { MESSAGE_MAGIC = 0x31444f50, MAX_MESSAGE_FDS = 200 };
/* Registers in one message: one bit each in its d. */
enum { HANDOVER_REGS = 64 };

/* The shape of every message on every socket; stages/stage1/message.ts writes and reads it. */
struct message {
	u32 magic;
	u32 type;
	s32 app;
	s32 a;
	s32 b;
	s32 c;
	s64 d;
	u32 fds;
	u32 reserved[7];
};

enum message_type {
	/* stage0 → monitor: play this tape. Descriptors: the tape, the pod's lock, the apps' standard input (or /dev/null). */
	MSG_LAUNCH = 1,
	/*
	 * monitor → init: registers filled by a tape, in its order. a: this is the last message; b: number of registers; d: one
	 * bit for each that has a descriptor.
	 */
	MSG_HANDOVER,
	/* → stage0. a: tape, b: op, c: errno. */
	MSG_FAILED,
	MSG_MALFORMED,
	MSG_STARTED,
	/* monitor → stage0, its last message. a: init's exit code, b: signal. */
	MSG_EXITED,
	/* init → monitor, if there is a tape "born": it was played. */
	MSG_BORN,
	/* Only on the tape "enter": tells stage0 that the monitor's namespaces exist; the answer lets the monitor continue. */
	MSG_ENTERED,
	/*
	 * stage0 → monitor: the pod, which its tape would end with its caller, is to live on. a: the errno at which its settle
	 * tape stops.
	 */
	MSG_LET_GO,
	/* Requests on the control socket. */
	MSG_EXEC = 16,
	/* app: which, -1 for all, -2 for the process of this session; a: signal; b: to its process group, with -2 only. */
	MSG_SIGNAL,
	MSG_STOP,
	MSG_PTY,
	/* app: which, -1 for all; d: grace period in milliseconds, -1 for its own. */
	MSG_RESTART,
	/*
	 * app; descriptors: a socket for input and output, one for standard error. Answered by DONE, a: CLIENT_ bits; EXITED at
	 * the app's end.
	 */
	MSG_ATTACH,
	/* app; a: rows, b: columns of its terminal, now or when it gets one. */
	MSG_RESIZE,
	/* d: nanoseconds for which the pod was frozen; sent before the pod is thawed. */
	MSG_RESUMED,
	/*
	 * Answers on the control socket. a: pid in the pod; EXITED: a: code, b: signal, d: bytes a client was too slow for.
	 * REFUSED: c: errno.
	 */
	MSG_DONE = 32,
	MSG_REFUSED,
};

enum { CLIENT_TERMINAL = 1, CLIENT_INPUT = 2 };

/*
 * Returns 1 when a call with that result should be repeated: memory that the kernel lacks now may be free in a moment.
 * Waits for at most about 100 ms in total. Used where a failure could not be reported and would leave someone waiting
 * forever. Interrupted calls are repeated too.
 */
int is_shortage(long ret, u32 *tries);

/* Sends one message with descriptors; never blocks, never raises SIGPIPE. Returns 0 or minus errno. */
long message_send(long sock, struct message *m, const s32 *fds);

/*
 * Receives one message and up to MAX_MESSAGE_FDS descriptors, all close-on-exec. Returns 1, 0 at the end of the stream, or
 * minus errno. Descriptors that fds has no room for never arrive: the kernel closes them.
 */
long message_receive(long sock, struct message *m, s32 *fds, int flags);

struct text {
	char *at;
	char *end;
};

void put_string(struct text *t, const char *s, size_t n);
void put_number(struct text *t, u64 value, int width);
#define put_literal(t, s) put_string(t, s, sizeof(s) - 1)

/* The time of a clock in nanoseconds. */
u64 clock_ns(int clock);

#endif
