/* Probes: checks that are repeated, and what follows from their results. */
#ifndef POD_PROBE_H
#define POD_PROBE_H

#include "tape.h"

struct init;
struct text;

enum {
	/* How much of a command's output is kept. */
	MAX_SAID = 1024,
	/* Maximum length of a journal line: each byte of a command's output may become six. */
	MAX_PROBE_LINE = 512 + 6 * MAX_SAID,
	/* A longer answer counts as a failure. */
	MAX_ANSWER = 64 << 10,
	/* "HTTP/1.1 200 " */
	STATUS_LINE = 13,
	/* RFC 8446, 5.1: the first byte of an alert; the next one is 3, whatever the version. */
	TLS_ALERT = 21,
};

/* The result of one try; outcome.c has the names. */
enum outcome {
	TRY_OK,
	TRY_ERRNO,
	TRY_TIMEOUT,
	TRY_EXIT,
	TRY_SIGNAL,
	/* Of a connection: it ended before an answer, or within it; the answer is not the expected protocol, or too long. */
	TRY_CLOSED,
	TRY_CUT,
	TRY_ANSWER,
	TRY_LONG,
	/* The status of an HTTP answer. */
	TRY_STATUS,
	/* Of gRPC: the status of the service, the code of the call, and those of RST_STREAM and GOAWAY. */
	TRY_HEALTH,
	TRY_GRPC,
	TRY_RESET,
	TRY_GOAWAY,
	/* The server speaks HTTP/1, or expects TLS. */
	TRY_HTTP1,
	TRY_TLS,
	/* The number is the length or the type of the frame. */
	TRY_SIZE,
	TRY_FRAME,
	TRY_ORDER,
	TRY_HEADERS,
	TRY_FLOOD,
	TRY_NOT_GRPC,
	TRY_COMPRESSED,
	TRY_MESSAGE,
	TRY_MESSAGES,
	TRY_NO_MESSAGE,
	TRY_NO_CODE,
	OUTCOMES,
};

/* The state of the current try. */
enum ask_state {
	ASK_NOTHING,
	ASK_CONNECTING,
	ASK_TALKING,
	/* Answered; the rest is read and discarded, so that the server does not see its connection break. */
	ASK_LEFTOVER,
	ASK_COMMAND,
	/* Nothing waits for the command any more, but it has not been reaped. */
	ASK_KILLED,
};

struct probe {
	enum ask_state state;
	s32 fd;
	s32 pid;
	s32 report;
	u64 deadline;
	u32 sent;
	u32 heard;
	/* The beginning of an HTTP answer. */
	u8 kept[STATUS_LINE];
	u32 kept_bytes;
	/* An interim response is being skipped, and part of its current line has been. */
	u8 interim;
	u8 in_line;

	/* The probe is active: its app runs, and has passed its start probe. */
	u8 armed;
	u8 passed;
	/* The result of the last tries, which were all the same, and their number. */
	u8 last_good;
	u32 in_a_row;
	u64 next_at;
	u64 begun_at;
	/* It has passed since then. */
	u8 rose;

	/* What the journal says, and when its next line about this probe may be written. */
	u8 told;
	u8 untold;
	u8 told_passed;
	enum outcome outcome;
	enum outcome told_outcome;
	s32 number;
	s32 told_number;
	u64 quiet_until[2];
};

/* probe.c */
void probes_begin(struct init *in, u32 app);
void probes_end(struct init *in, u32 app);
void probes_advance(struct init *in);
/* Extends deadlines by this long, because the app could not have answered. */
void probes_postpone(struct init *in, u64 ns);
/* When probes_advance has something to do next; 0: never. */
u64 probes_next(const struct init *in);
void probe_answered(struct init *in, u32 index, enum outcome outcome, s32 number);

/* outcome.c */
void put_outcome(struct text *t, enum outcome outcome);

/* ask.c: each try ends in one call of probe_answered, or in ask_drop. */
void ask_begin(struct init *in, u32 index);
void ask_event(struct init *in, u32 index);
void ask_expire(struct init *in, u32 index);
void ask_drop(struct init *in, u32 index);
void ask_unwatch(struct init *in, u32 index);
/* Sends as much as possible without blocking; returns the number of bytes. A failure shows up when the answer is read. */
u32 ask_send(struct init *in, u32 index, const u8 *from, u32 n);

/* ask-http.c: the status of the answer that continues with these bytes; 0: not known yet; negative: not a valid answer. */
s32 answer_status(struct probe *p, const u8 *text, u32 n);

/* ask-grpc.c */
void answer_begin(u32 index);
/* Sends what the server has to be sent beside the request. */
void answer_reply(struct init *in, u32 index);
/* The answer continues with these bytes. Returns whether its result is known. */
int answer_health(struct init *in, u32 index, const u8 *bytes, u32 n, enum outcome *outcome, s32 *number);
/* The connection has ended. */
enum outcome answer_cut(u32 index);

/* ask-command.c */
void command_begin(struct init *in, u32 index);
void command_said(struct init *in, u32 index);
void command_kill(struct init *in, u32 index);
int commands_reap(struct init *in, s32 pid, int status);
/* The output of the probe's last command; as many bytes as were read. */
const u8 *command_output(u32 index);

#endif
