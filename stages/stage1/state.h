/* Init's state: the pod, each app with its log, hooks and journal entries, and the open connections. */
#ifndef POD_STATE_H
#define POD_STATE_H

#include "io.h"
#include "probe.h"
#include "tape.h"

enum {
	/* The socket to stage0; posix_spawn places it there. */
	HANDOFF_FD = 3,
	EXIT_POD_FAILED = 125,
	EXIT_NOT_RUNNABLE = 126,
	EXIT_NOT_FOUND = 127,
	MAX_SESSIONS = 64,
	/* Reserved for requests: executed processes that outlive their clients must not make a pod unstoppable. */
	REQUEST_SESSIONS = 8,
	/* The most requests that a client that came with the pod can have sent before. */
	FIRST_REQUESTS = 4,
	/* Limits on the work for one kind of event before others get their turn. */
	REAPS_A_TURN = 256,
	SIGNALS_A_TURN = 16,
	EVENTS_A_TURN = 512,
	MAX_EXEC_TAPE = 512 << 10,
	/* Maximum number of simultaneous connections to the metadata service. */
	MAX_CLIENTS = 16,
};

/*
 * The state of an app. PREPARING, ENDING: its hook before the start or after the end runs. BACKOFF: the app has ended and
 * is started again when its pause is over. EXITED: ended for good.
 */
enum app_state { APP_WAITING, APP_PREPARING, APP_STARTING, APP_RUNNING, APP_ENDING, APP_BACKOFF, APP_EXITED };

/* One end of a pipe that an app writes to, and the state of its current line. */
struct stream {
	s32 fd;
	u8 tag;
	/* The last logged output did not end in a newline. */
	u8 open_line;
	/* Output dropped since then. */
	u64 lost_lines;
	u64 lost_bytes;
};

/* The position of a line in the journal. */
struct journal_pin {
	u64 offset;
	u32 length;
};

/*
 * The lines that describe an app's state: its last two starts, its end with the probe that caused it, what it waits for,
 * probes, hooks.
 */
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

/* What the journal must keep about an app when it is shortened. */
struct journal_book {
	struct journal_pin pins[PINS];
	/* The pin of the probe whose result was written last. */
	u8 last_probe;
	u32 starts;
	u64 dropped_lines;
	u64 dropped_bytes;
};

struct journal {
	/* The size at which the journal is shortened. */
	u64 next;
	/* Pins of the lines "pod started" and "stopping". */
	struct journal_pin pod[2];
	/* The pin for the line being built, otherwise NULL. */
	struct journal_pin *pin;
	struct journal_book *book;
};

struct app_log {
	s32 fd;
	u64 bytes;
	/* Not reported in the journal yet. */
	u64 dropped_lines;
	u64 dropped_bytes;
	/* The journal had no space for it either, so the numbers are in the pod's final record. */
	u8 is_kept;
	/* Monotonic nanoseconds: when to report next, and the pause after that. */
	u64 tell_at;
	u64 tell_pause;
	/* A second of the monotonic clock, and the bytes written in it. */
	u64 second;
	u64 second_bytes;
};

/* A command that runs at a certain point of an app's life; pid is 0 when none runs. */
struct hook_run {
	s32 pid;
	s32 report;
	struct stream out;
	u8 kind;
	u8 killed;
	/* It exceeded its time limit. */
	u8 late;
	u64 deadline;
};

struct app {
	enum app_state state;
	s32 pid;
	/* From then on the pid may belong to another process. */
	u8 reaped;
	s32 report;
	s32 mount_namespace;
	/* The app's own pid namespace, if it has one; otherwise -1. */
	s32 pid_namespace;
	s32 code;
	s32 signal;
	/* The app's program has run, in this process or an earlier one. */
	u8 was_started;
	u8 ready;
	/* The app is being stopped, alone or with the pod. */
	u8 stopping;
	/* Start the app again after its end, whatever its policy: a restart was requested. */
	u8 again;
	/* A probe failed: the app's end counts as a failure, whatever its code. */
	u8 unhealthy;
	/* Restarts in a row without a healthy period in between. */
	u32 failures;
	/* Monotonic nanoseconds, as are all following times. */
	u64 started_at;
	/* APP_BACKOFF: when it may be started; when to check whether that is possible. */
	u64 retry_at;
	u64 look_at;
	/* OOM kills in the app's cgroup that hit earlier processes, or commands executed in it. */
	u64 oom_kills;
	/* The grace period after the stop signal. */
	u64 grace_ns;
	/* When it is killed; valid once stop_sent is set. */
	u64 kill_at;
	u8 stop_sent;
	/* Killed by our SIGKILL, and when. */
	u8 killed;
	u64 killed_at;
	/* It has been dead for so long without being reaped that other apps do not wait for it any more. */
	u8 stuck;
	/* The hooks of these names have run, or are running, for this process. */
	u8 pre_stopped;
	u8 post_stopped;
	struct hook_run hook;
	/* The app reads what is written here: a terminal's master, or the pipe of a kept input; otherwise -1. */
	s32 input;
	u8 input_full;
	/* The app's end of its terminal, otherwise -1. */
	s32 slave;
	u16 rows;
	u16 columns;
	struct stream out;
	struct stream err;
	struct app_log log;
	struct journal_book book;
};

/* A connection to the control socket, and the process started over it. */
struct session {
	u8 used;
	/* The client does not want to know when its process has been executed. */
	u8 quiet;
	s32 sock;
	s32 pid;
	s32 report;
	/* The app that its process belongs to. */
	u32 within;
	/* The app it is attached to, otherwise -1; its sockets, and how much did not fit into them. */
	s32 app;
	s32 out;
	s32 err;
	u64 lost;
	/* The client's input is being watched. */
	u8 listened;
	/* The client's input waits until the app can take it. */
	u8 held_up;
};

/* A connection to the metadata service. */
struct metadata_client {
	s32 fd;
	/* More of the request may arrive than was read. */
	u8 lingers;
	u8 continued;
	/* How much of the request has arrived. */
	u32 got;
	/* What is still to be sent; out is NULL before there is an answer. */
	u32 left;
	const u8 *out;
	/* Monotonic nanoseconds: when the connection is closed. */
	u64 deadline;
};

/* A listening socket. */
struct listener {
	s32 fd;
	/* Monotonic nanoseconds until which no connection is accepted; 0: accept now. */
	u64 deaf_until;
};

struct metadata {
	/* The ops of the tape "serve"; none: the pod has no service. */
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
	/* Stop without waiting: the grace period is 0. */
	u8 at_once;
	/* All apps are being stopped and will be started again, in order. */
	u32 renewing;
	/* While renewing: when to check again whether they have ended, monotonic. */
	u64 look_at;
	struct journal journal;
	/*
	 * Monotonic nanoseconds when this turn began, before ready descriptors were checked. Deadlines are compared with this
	 * clock: with a clock read later, limits would seem to have passed in a pod that was frozen meanwhile, before init reads
	 * the message about the pause.
	 */
	u64 turn_at;
	u8 announced;
	/* More children may have ended than one turn could reap. */
	u8 more_to_reap;
	s32 exit_code;
};

/* What an epoll event is about: in the high half of its data; the low half is an index. */
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

/* What a child reports through its close-on-exec pipe when it could not become the app. */
struct report {
	struct fault fault;
};

#endif
