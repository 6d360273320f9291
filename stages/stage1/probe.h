/* Probes: questions that are asked again and again, and what is made of the answers. */
#ifndef POD_PROBE_H
#define POD_PROBE_H

#include "tape.h"

struct init;

enum {
	/* What is kept of a command's output. */
	MAX_SAID = 1024,
	/* Of the journal: each byte of what a command said may become six. */
	MAX_PROBE_LINE = 512 + 6 * MAX_SAID,
	/* An answer that is longer was none. */
	MAX_ANSWER = 64 << 10,
};

/* What became of one try; probe.c has the words. */
enum outcome { TRY_OK, TRY_ERRNO, TRY_TIMEOUT, TRY_STATUS, TRY_ANSWER, TRY_REFUSED, TRY_CLOSED, TRY_EXIT, TRY_SIGNAL, OUTCOMES };

/* Where the question that is out stands. */
enum ask_state {
	ASK_NOTHING,
	ASK_CONNECTING,
	ASK_TALKING,
	/* Answered; the rest is read and let go, so that a server need not see its connection break. */
	ASK_LEFTOVER,
	ASK_COMMAND,
	/* Nobody waits for the command any more, but it has not been reaped. */
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
	/* The beginning of an HTTP answer, or the end of what was searched. */
	u8 kept[MAX_PATTERN];
	u32 kept_bytes;
	/* An answer that is not the last one is being passed over, and something of its current line was. */
	u8 interim;
	u8 in_line;

	/* It is asked: its app runs, and has passed its start probe. */
	u8 armed;
	u8 passed;
	/* The last tries, which all had the same result. */
	u8 last_good;
	u32 in_a_row;
	u64 next_at;
	u64 begun_at;
	/* It has passed since then. */
	u8 rose;

	/* What the journal knows, and when its next line about this probe may come. */
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
/* For so long nobody could have answered. */
void probes_postpone(struct init *in, u64 ns);
/* When probes_advance has something to do next; 0 for never. */
u64 probes_next(const struct init *in);
void probe_answered(struct init *in, u32 index, enum outcome outcome, s32 number);

/* ask.c: each question ends in one probe_answered, or in ask_drop. */
void ask_begin(struct init *in, u32 index);
void ask_event(struct init *in, u32 index);
void ask_expire(struct init *in, u32 index);
void ask_drop(struct init *in, u32 index);
void ask_unwatch(struct init *in, u32 index);

/* ask-http.c: the status of the answer that goes on with these bytes; 0 when that is not known yet, below that it is none. */
s32 answer_status(struct probe *p, const u8 *text, u32 n);

/* ask-command.c */
void command_begin(struct init *in, u32 index);
void command_said(struct init *in, u32 index);
void command_kill(struct init *in, u32 index);
int commands_reap(struct init *in, s32 pid, int status);
/* What the probe's last command wrote: as many bytes as were heard of it. */
const u8 *command_output(u32 index);

#endif
