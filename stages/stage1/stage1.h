/* The monitor (in the host's namespaces) and init (PID 1 of the pod): two processes, one binary. */
#ifndef POD_STAGE1_H
#define POD_STAGE1_H

#include "state.h"

int monitor_main(void);
int init_main(struct program *program, const s64 *regs, long from_monitor);

/* process.c */
long spawn(u64 flags, long cgroup, s32 *pidfd);
long start_process(struct init *in, const struct program *p, u32 tape, const s32 *stdio,
		   const struct app *inside, s32 *report);
int read_report(s32 fd, struct report *report);
long watch(struct init *in, s32 fd, enum watch kind, u32 index, int on);

/* listener.c */
/* The connection that has come in, or minus errno. */
long listener_accept(struct init *in, struct listener *l, enum watch kind);
void listener_advance(struct init *in, struct listener *l, enum watch kind);

/* apps.c */
int played(struct init *in, s32 tape, struct fault *fault);
void app_start(struct init *in, u32 index);
/* What follows on its hook before the start. */
void app_launch(struct init *in, u32 index);
void app_reported(struct init *in, u32 index);
int app_lives(const struct app *a);

/* order.c */
void apps_start_ready(struct init *in);
void app_skip(struct init *in, u32 index, s32 because);
int apps_done(const struct init *in);

/* ends.c */
int apps_reap(struct init *in, s32 pid, int status);
/* A process that is not the app's own has ended in its cgroup: if the OOM killer took it, that is not the app's end. */
void oom_of_another(struct init *in, u32 index, int status);
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
/* Its old process is gone or never was, and it is to be started because somebody asked: that may take what it waits for. */
void record_waiting(struct init *in, u32 index);
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
void log_break(struct init *in, u32 index, struct stream *s);
/* The app has ended: all that it wrote is taken, and what is missing of it is told in the log and in the journal. */
void log_settle(struct init *in, u32 index);

/* dropped.c */
void log_drop(struct init *in, u32 index, struct stream *s, u64 lines, u64 bytes);
u64 count_lines(const char *bytes, size_t size);
int log_over_quota(struct init *in, u32 index);
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
void control_accept(struct init *in);
void control_admit_first(struct init *in);
u32 sessions_busy(const struct init *in);
void session_request(struct init *in, u32 index);
void session_reported(struct init *in, u32 index);
int sessions_reap(struct init *in, s32 pid, int status);

/* exec.c */
/* A further process of an app, by a tape of p; stdio as start_process takes it. Its pid, or minus errno. */
long start_like(struct init *in, u32 app, const struct program *p, u32 tape, const s32 *stdio, s32 *report);
long session_exec(struct init *in, u32 index, const struct message *m, const s32 *fds);

/* metadata.c */
/* 0, also where the tape has no service; minus errno. */
int metadata_open(struct init *in);
void metadata_accept(struct init *in);
void metadata_client_event(struct init *in, u32 index);
void metadata_advance(struct init *in);
/* How long to wait for events, when the others would wait timeout_ms; -1: for ever. */
int metadata_timeout_ms(const struct init *in, int timeout_ms);

#endif
