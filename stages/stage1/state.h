/* What init knows: of the pod, of each app, its log, its hooks and its journal, and of the connections it has. */
#ifndef POD_STATE_H
#define POD_STATE_H

#include "io.h"
#include "probe.h"
#include "tape.h"

enum {
	/* The socket to stage0, as posix_spawn places it. */
	HANDOFF_FD = 3,
	EXIT_POD_FAILED = 125,
	EXIT_NOT_RUNNABLE = 126,
	EXIT_NOT_FOUND = 127,
	MAX_SESSIONS = 64,
	/* Kept for requests: executed processes that outlive their clients must not make a pod unstoppable. */
	REQUEST_SESSIONS = 8,
	/* What a client that came with the pod can have asked before. */
	FIRST_REQUESTS = 4,
	/* The most that is done about one kind of event before the others have their turn. */
	REAPS_A_TURN = 256,
	SIGNALS_A_TURN = 16,
	EVENTS_A_TURN = 512,
	MAX_EXEC_TAPE = 512 << 10,
	/* Connections to the metadata service at once. */
	MAX_CLIENTS = 16,
};

/*
 * Where an app stands. PREPARING, ENDING: its hook before the start or after the end runs. BACKOFF: it has ended, and is started again
 * when its pause is over. EXITED: for good.
 */
enum app_state { APP_WAITING, APP_PREPARING, APP_STARTING, APP_RUNNING, APP_ENDING, APP_BACKOFF, APP_EXITED };

/* One end of a pipe an app writes to, and what is known of the line in progress. */
struct stream {
	s32 fd;
	u8 tag;
	/* What was logged of it last did not end in a newline. */
	u8 open_line;
	/* What was dropped since. */
	u64 lost_lines;
	u64 lost_bytes;
};

/* Where in the journal a line is. */
struct journal_pin {
	u64 offset;
	u32 length;
};

/* The lines that say how an app is: its last two starts, its end with the probe it ended for, what it waits for, probes, hooks. */
enum pin {
	PIN_START_BEFORE,
	PIN_START,
	PIN_END,
	PIN_END_PROBE,
	PIN_TURN,
	PIN_PROBE,
	PIN_HOOK = PIN_PROBE + 3,
	PINS = PIN_HOOK + 4,
};

/* What the journal must not forget of an app when it is shortened. */
struct journal_book {
	struct journal_pin pins[PINS];
	/* The pin of the probe that was told of last. */
	u8 last_probe;
	u32 starts;
	u64 dropped_lines;
	u64 dropped_bytes;
};

struct journal {
	/* It is shortened when it has come so far. */
	u64 next;
	/* The pod has started; it is being stopped. */
	struct journal_pin pod[2];
	/* Of the line that is being made, else NULL. */
	struct journal_pin *pin;
	struct journal_book *book;
};

struct app_log {
	s32 fd;
	u64 bytes;
	/* Not told in the journal yet. */
	u64 dropped_lines;
	u64 dropped_bytes;
	/* The journal had no room for it either: it is in the pod's final record. */
	u8 is_kept;
	/* Monotonic nanoseconds before which it is not told, and how long it is waited next. */
	u64 tell_at;
	u64 tell_pause;
	/* Bytes written in a second of the monotonic clock. */
	u64 second;
	u64 second_bytes;
};

/* A command at a turn of an app's life; pid is 0 when none runs. */
struct hook_run {
	s32 pid;
	s32 report;
	struct stream out;
	u8 kind;
	u8 killed;
	/* It took longer than it may. */
	u8 late;
	u64 deadline;
};

struct app {
	enum app_state state;
	s32 pid;
	/* From here on the pid may be another's. */
	u8 reaped;
	s32 report;
	s32 mount_namespace;
	/* Where it has one of its own, else -1. */
	s32 pid_namespace;
	s32 code;
	s32 signal;
	/* Its program has run, in this process or an earlier one. */
	u8 was_started;
	u8 ready;
	/* It is to end: alone, or with the pod. */
	u8 stopping;
	/* When it has ended it is started again, whatever its policy: somebody asked. */
	u8 again;
	/* A probe found it so: its end is a failure, whatever its code. */
	u8 unhealthy;
	/* Restarts in a row, without a healthy stretch. */
	u32 failures;
	/* Monotonic nanoseconds, as all that follow. */
	u64 started_at;
	/* APP_BACKOFF: when it may be started, when to look whether it can be. */
	u64 retry_at;
	u64 look_at;
	/* OOM kills in its cgroup that were those of earlier processes, or of commands that were run in it. */
	u64 oom_kills;
	/* How long it has from its stop signal on. */
	u64 grace_ns;
	/* After which it is killed; counts once stop_sent is set. */
	u64 kill_at;
	u8 stop_sent;
	/* By SIGKILL of ours. */
	u8 killed;
	/* Its hooks of that name have run for this process, or do. */
	u8 pre_stopped;
	u8 post_stopped;
	struct hook_run hook;
	/* What is written here the app reads: a terminal's master, or the pipe of a kept input; else -1. */
	s32 input;
	u8 input_full;
	/* The app's end of its terminal, else -1. */
	s32 slave;
	u16 rows;
	u16 columns;
	struct stream out;
	struct stream err;
	struct app_log log;
	struct journal_book book;
};

/* A connection to the control socket, and the process that was started over it. */
struct session {
	u8 used;
	/* The client does not ask when its process has been executed. */
	u8 quiet;
	s32 sock;
	s32 pid;
	s32 report;
	/* The app its process is of. */
	u32 within;
	/* The app it is attached to, else -1; its sockets, and what did not fit into them. */
	s32 app;
	s32 out;
	s32 err;
	u64 lost;
	/* Its input is waited for. */
	u8 listened;
	/* Its input waits for the app. */
	u8 held_up;
};

/* A connection to the metadata service. */
struct metadata_client {
	s32 fd;
	/* More of its request may come than was read. */
	u8 lingers;
	u8 continued;
	/* How much of its request is there. */
	u32 got;
	/* What it is still to be sent; out is NULL before there is an answer. */
	u32 left;
	const u8 *out;
	/* Monotonic nanoseconds after which it is hung up. */
	u64 deadline;
};

/* A socket that connections are taken from. */
struct listener {
	s32 fd;
	/* Monotonic nanoseconds before which none is taken; 0: they are. */
	u64 deaf_until;
};

struct metadata {
	/* The ops of the tape "serve"; none: there is no service. */
	const struct tape_op *ops;
	u32 count;
	struct listener listener;
	struct metadata_client clients[MAX_CLIENTS];
};

struct init {
	struct program program;
	s64 regs[MAX_REGS];
	struct app apps[MAX_APPS];
	struct session sessions[MAX_SESSIONS];
	u32 attached;
	struct listener control;
	struct metadata metadata;
	struct probe probes[MAX_PROBES];
	s32 handoff;
	s32 epoll;
	s32 signals;
	u8 stopping;
	/* Nobody is to wait: with a grace of 0. */
	u8 at_once;
	/* All apps are being stopped to be started again, in order. */
	u32 renewing;
	/* Then: when to look whether they have ended, monotonic. */
	u64 look_at;
	struct journal journal;
	/*
	 * Monotonic nanoseconds when this turn began, before it was looked what lies ready. What has a time limit is late by
	 * this clock: by one that is read later, a pod that was frozen meanwhile would find its limits over before it is told
	 * of the pause.
	 */
	u64 turn_at;
	u8 announced;
	/* More children may have ended than one turn could reap. */
	u8 more_to_reap;
	s32 exit_code;
};

/* What an epoll event is about, in the high half of its data; the low half is an index. */
enum watch {
	WATCH_SIGNALS,
	WATCH_CONTROL,
	WATCH_SESSION,
	WATCH_APP_REPORT,
	WATCH_SESSION_REPORT,
	WATCH_OUT,
	WATCH_ERR,
	WATCH_CLIENT,
	WATCH_ROOM,
	WATCH_METADATA,
	WATCH_METADATA_CLIENT,
	WATCH_HOOK,
	WATCH_PROBE,
};

/* What a child says through its close-on-exec pipe when it could not become the app. */
struct report {
	struct fault fault;
};

#endif
