/* Messages, descriptors and small formatting: what monitor and init share. */
#ifndef POD_IO_H
#define POD_IO_H

#include "sys.h"

enum { MESSAGE_MAGIC = 0x31444f50, MAX_MESSAGE_FDS = 200 };
/* Of one message: a bit each in its d. */
enum { HANDOVER_REGS = 64 };

/* Every message on every socket has this shape; stages/stage1/message.ts writes and reads it. */
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
	/* stage0 → monitor: play this. Descriptors: the tape, the pod's lock, the apps' standard input (or /dev/null). */
	MSG_LAUNCH = 1,
	/* monitor → init: what a tape handed over, in its order. a: it was all; b: registers; d: a bit for each that is there. */
	MSG_HANDOVER,
	/* → stage0. a: tape, b: op, c: errno. */
	MSG_FAILED,
	MSG_MALFORMED,
	MSG_STARTED,
	/* monitor → stage0, its last word. a: init's exit code, b: signal. */
	MSG_EXITED,
	/* init → monitor, where there is a tape "born": it was played. */
	MSG_BORN,
	/* Only on the tape "enter": to stage0 that the monitor's namespaces are there, back that it may go on. */
	MSG_ENTERED,
	/* stage0 → monitor: the pod, which its tape ends with its caller, is to live on. a: what its settle tape stops at. */
	MSG_LET_GO,
	/* Requests on the control socket. */
	MSG_EXEC = 16,
	MSG_SIGNAL,
	MSG_STOP,
	MSG_PTY,
	/* app: which, -1 all; d: milliseconds of grace, -1 its own. */
	MSG_RESTART,
	/* app; descriptors: a socket for input and output, one for standard error. DONE, a: CLIENT_ bits; at its end EXITED. */
	MSG_ATTACH,
	/* app; a: rows, b: columns of its terminal, now or when it will have one. */
	MSG_RESIZE,
	/* d: nanoseconds for which the pod was frozen; lies ready when it is thawed. */
	MSG_RESUMED,
	/* Answers on it. a: pid in the pod; EXITED: a: code, b: signal, d: bytes a client was too slow for. REFUSED: c: errno. */
	MSG_DONE = 32,
	MSG_REFUSED,
};

enum { CLIENT_TERMINAL = 1, CLIENT_INPUT = 2 };

/*
 * What the kernel has no memory for now it may have in a moment: 1 when a call with that result is to be made again, some 100 ms
 * at most. Where nobody could be told, a failure would leave somebody waiting for ever. An interrupted call is made again too.
 */
int is_shortage(long ret, u32 *tries);

/* Sends one message with descriptors; never blocks, never raises SIGPIPE. 0 or minus errno. */
long message_send(long sock, struct message *m, const s32 *fds);

/*
 * Receives one message and up to MAX_MESSAGE_FDS descriptors, all close-on-exec. 1, 0 at the end of the stream, minus errno.
 * Descriptors beyond what fds has room for never arrive: the kernel closes them.
 */
long message_receive(long sock, struct message *m, s32 *fds, int flags);

struct text {
	char *at;
	char *end;
};

void put_string(struct text *t, const char *s, size_t n);
void put_number(struct text *t, u64 value, int width);
#define put_literal(t, s) put_string(t, s, sizeof(s) - 1)

/* Nanoseconds of a clock. */
u64 clock_ns(int clock);

#endif
