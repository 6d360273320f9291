/* The monitor (in the host's namespaces) and init (PID 1 of the pod): two processes, one binary. */
#ifndef POD_STAGE1_H
#define POD_STAGE1_H

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
	/* OOM kills in its cgroup that were those of earlier processes. */
	u64 oom_kills;
	/* How long it has from its stop signal on. */
	u64 grace_ns;
	/* After which it is killed; counts once stop_sent is set. */
	u64 kill_at;
	u8 stop_sent;
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

struct metadata {
	/* The ops of the tape "serve"; none: there is no service. */
	const struct tape_op *ops;
	u32 count;
	s32 listener;
	/* No connection is taken until then; 0: they are. */
	u64 deaf_until;
	struct metadata_client clients[MAX_CLIENTS];
};

struct init {
	struct program program;
	s64 regs[MAX_REGS];
	struct app apps[MAX_APPS];
	struct session sessions[MAX_SESSIONS];
	u32 attached;
	struct metadata metadata;
	struct probe probes[MAX_PROBES];
	s32 handoff;
	s32 epoll;
	s32 signals;
	u8 stopping;
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
	/* Rounds until the control socket is listened to again, after a connection could not be taken. */
	u8 deaf;
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

int monitor_main(void);
int init_main(struct program *program, const s64 *regs, long from_monitor);

/* process.c */
long spawn(u64 flags, long cgroup, s32 *pidfd);
long start_process(struct init *in, const struct program *p, u32 tape, const s32 *stdio,
		   const struct app *inside, s32 *report);
int read_report(s32 fd, struct report *report);
long watch(struct init *in, s32 fd, enum watch kind, u32 index, int on);

/* apps.c */
int played(struct init *in, s32 tape, struct fault *fault);
void apps_start_ready(struct init *in);
void app_start(struct init *in, u32 index);
/* What follows on its hook before the start. */
void app_launch(struct init *in, u32 index);
void app_reported(struct init *in, u32 index);
int apps_done(const struct init *in);
int app_lives(const struct app *a);
void app_skip(struct init *in, u32 index, s32 because);

/* ends.c */
int apps_reap(struct init *in, s32 pid, int status);
/* It is no process any more: what becomes of it is decided here. */
void app_ended(struct init *in, u32 index);

/* The hook that ran has ended with the status. */
void app_hook_done(struct init *in, u32 index, int status);

/* hooks.c */
int hook_begin(struct init *in, u32 index, u32 kind, u64 limit_ns);
void hook_kill(struct hook_run *h);
void hooks_advance(struct init *in);
int hook_before_stop(struct init *in, u32 index, u64 now);
int hooks_reap(struct init *in, s32 pid, int status);

/* restart.c */
void app_back_off(struct init *in, u32 index);
void apps_advance_restart(struct init *in);
/* No app is started until all have ended that are to be started anew. */
int is_renewing(struct init *in);
long apps_restart(struct init *in, s32 index, s64 grace_ms);
/* Found so by a probe: it is stopped, which counts as a failure. */
void app_unhealthy(struct init *in, u32 index);

/* stop.c */
void apps_stop(struct init *in, s64 grace_ms);
void app_stop(struct init *in, u32 index, s64 grace_ms);
void apps_advance_stop(struct init *in);
int apps_timeout_ms(const struct init *in);
/* The pod was paused so long: no grace period, time limit or pause before a start ran meanwhile. */
void apps_postpone(struct init *in, u64 ns);
long app_signal(struct init *in, s32 index, s32 signal);

/* leaf.c */
int leaf_kill(struct init *in, u32 index);
void kill_group(struct init *in, u32 index);

/* tty.c */
int takes_input(const struct init *in, u32 index);
long terminal_master(const struct init *in);
long terminal_resize(struct init *in, s32 index, s32 rows, s32 columns);
long input_open(struct init *in, u32 index, s32 *stdio);
void input_given(const struct init *in, u32 index, const s32 *stdio);
void input_close(struct init *in, u32 index);
void input_pump(struct init *in, u32 index);
void input_room(struct init *in, u32 index);

/* attach.c */
long attach(struct init *in, u32 index, const struct message *m, const s32 *fds);
void listen_to(struct init *in, u32 index, int on);
void attach_leave(struct init *in, u32 index);
void attach_show(const struct init *in, u32 app, u8 tag, const char *bytes, size_t size);
void attach_end(struct init *in, u32 app);

/* mend.c */
/* To be called when init was killed: what it was writing then. */
void logs_mend(const struct program *p, const s64 *regs);

/* log.c */
char *log_name(const struct program *p, u32 index, u32 generation, char *path, size_t size);
void log_open(struct init *in, u32 index);
void log_pump(struct init *in, u32 index, struct stream *s, int drain);
long stream_open(struct stream *s, u8 tag, s32 *write_end);
void stream_close(struct init *in, u32 index, struct stream *s);
/* Takes what is in the pipe, and lets go of it even if somebody still holds its other end. */
void log_end(struct init *in, u32 index, struct stream *s);
/* The app has ended: all that it wrote is taken, and what is missing of it is told in the log and in the journal. */
void log_settle(struct init *in, u32 index);
/* Says in the journal what was not logged; without effect when nothing was, or when it is too early for the next line. */
void log_note_dropped(struct init *in, u32 index, int last);

/* events.c */
struct text event_begin(char *buffer, size_t size, const char *name, size_t length);
void event_app(struct text *t, const struct init *in, u32 index);
void event_field(struct text *t, const char *name, size_t length, s64 value);
/* Any bytes, as a JSON string. */
void event_bytes(struct text *t, const char *name, size_t length, const u8 *bytes, u32 n);
/* Whether the line is in the journal. */
int event_end(struct init *in, struct text *t, const char *buffer);
/* The line that is being made is to be known as long as there is no later one of its kind. */
void event_pin(struct init *in, u32 index, u32 pin);
/* Where the journal ends then, or minus errno; whole or not at all. */
long journal_append(const struct init *in, const char *lines, long size);
void record_journal_start(const s64 *regs, u32 apps, u64 from);

/* journal.c */
void journal_shorten(struct init *in, u64 end);
/* Output of an app that is lost and could not be told in the journal, in a place that was allocated for it. */
void record_dropped(const s64 *regs, u32 index, u64 lines, u64 bytes);
void record_final(const s64 *regs, int status);
#define EVENT(buffer, name) event_begin(buffer, sizeof(buffer), name, sizeof(name) - 1)
#define FIELD(t, name, value) event_field(t, name, sizeof(name) - 1, value)

/* control.c */
/* A further process of an app, by a tape of p; stdio as start_process takes it. Its pid, or minus errno. */
long start_like(struct init *in, u32 app, const struct program *p, u32 tape, const s32 *stdio, s32 *report);
void control_accept(struct init *in);
void control_admit_first(struct init *in);
u32 sessions_busy(const struct init *in);
void control_listen_again(struct init *in);
void session_request(struct init *in, u32 index);
void session_reported(struct init *in, u32 index);
int sessions_reap(struct init *in, s32 pid, int status);

/* metadata.c */
/* 0, also where the tape has no service; minus errno. */
int metadata_open(struct init *in);
void metadata_accept(struct init *in);
void metadata_client_event(struct init *in, u32 index);
void metadata_advance(struct init *in);
/* How long to wait for events, when the others would wait timeout_ms; -1: for ever. */
int metadata_timeout_ms(const struct init *in, int timeout_ms);

#endif
