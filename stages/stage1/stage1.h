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
/* Returns the accepted connection, or minus errno. */
long listener_accept(struct init *in, struct listener *l, enum watch kind);
void listener_advance(struct init *in, struct listener *l, enum watch kind);

/* apps.c */
int played(struct init *in, s32 tape, struct fault *fault);
void app_start(struct init *in, u32 index);
/* Launches the app, after its pre-start hook. */
void app_launch(struct init *in, u32 index);
void app_reported(struct init *in, u32 index);
int app_lives(const struct app *a);

/* order.c */
void apps_start_ready(struct init *in);
void app_skip(struct init *in, u32 index, s32 because);
int apps_done(const struct init *in);

/* ends.c */
int apps_reap(struct init *in, s32 pid, int status);
/* Another process of the app's cgroup has ended. If the OOM killer killed it, that kill does not count for the app. */
void oom_of_another(struct init *in, u32 index, int status);
/* The app's process is gone: decides what happens next. */
void app_ended(struct init *in, u32 index);

/* The app's hook has ended with the status. */
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
/* For a requested restart whose old process is gone or never existed: dependencies may delay the start. */
void record_waiting(struct init *in, u32 index);
/* While renewing, no app is started until all apps to be renewed have ended. */
int is_renewing(struct init *in);
long apps_restart(struct init *in, s32 index, s64 grace_ms);
/* A probe failed: stops the app, which counts as a failure. */
void app_unhealthy(struct init *in, u32 index);

/* stop.c */
void apps_stop(struct init *in, s64 grace_ms);
void app_stop(struct init *in, u32 index, s64 grace_ms);
void apps_advance_stop(struct init *in);
int apps_timeout_ms(const struct init *in);
/*
 * From now to a monotonic time, as epoll_pwait(2) takes it. Rounded up, so that a deadline that has not quite passed does
 * not cause a busy loop.
 */
int ms_until(u64 deadline);
/* The pod was paused for this long: grace periods, time limits and pauses are extended by it. */
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
/* Called when init was killed: repairs what init was writing. */
void logs_mend(const struct program *p, const s64 *regs);

/* log.c */
char *log_name(const struct program *p, u32 index, u32 generation, char *path, size_t size);
void log_open(struct init *in, u32 index);
void log_pump(struct init *in, u32 index, struct stream *s, int drain);
long stream_open(struct stream *s, u8 tag, s32 *write_end);
void stream_close(struct init *in, u32 index, struct stream *s);
/* Reads the rest of the pipe and closes it, even if another process still holds its other end. */
void log_end(struct init *in, u32 index, struct stream *s);
void log_break(struct init *in, u32 index, struct stream *s);
/* The app has ended: reads all of its output, and reports missing output in the log and in the journal. */
void log_settle(struct init *in, u32 index);

/* dropped.c */
void log_drop(struct init *in, u32 index, struct stream *s, u64 lines, u64 bytes);
u64 count_lines(const char *bytes, size_t size);
int log_over_quota(struct init *in, u32 index);
/* Reports dropped output in the journal. Does nothing when nothing was dropped or the next report is not due yet. */
void log_note_dropped(struct init *in, u32 index, int last);

/* events.c */
struct text event_begin(char *buffer, size_t size, const char *name, size_t length);
void event_app(struct text *t, const struct init *in, u32 index);
void event_field(struct text *t, const char *name, size_t length, s64 value);
/* Writes arbitrary bytes as a JSON string. */
void event_bytes(struct text *t, const char *name, size_t length, const u8 *bytes, u32 n);
/* Returns whether the line is in the journal. */
int event_end(struct init *in, struct text *t, const char *buffer);
/* Keeps the line being built as the latest of its kind when the journal is shortened. */
void event_pin(struct init *in, u32 index, u32 pin);
/* Appends all of it or nothing. Returns the journal's new end, or minus errno. */
long journal_append(const struct init *in, const char *lines, long size);
void record_journal_start(const s64 *regs, u32 apps, u64 from);

/* journal.c */
void journal_shorten(struct init *in, u64 end);
/* Records lost output that could not be reported in the journal, in space that was allocated for it. */
void record_dropped(const s64 *regs, u32 index, u64 lines, u64 bytes);
void record_final(const s64 *regs, int status);
#define EVENT(buffer, name) event_begin(buffer, sizeof(buffer), name, sizeof(name) - 1)
#define FIELD(t, name, value) event_field(t, name, sizeof(name) - 1, value)

/* control.c */
void control_admit_monitor(struct init *in, s32 sock);
void control_accept(struct init *in);
void control_admit_first(struct init *in);
u32 sessions_busy(const struct init *in);
void session_request(struct init *in, u32 index);
void session_reported(struct init *in, u32 index);
int sessions_reap(struct init *in, s32 pid, int status);

/* exec.c */
/* Starts a further process of an app, by a tape of p; stdio as for start_process. Returns its pid, or minus errno. */
long start_like(struct init *in, u32 app, const struct program *p, u32 tape, const s32 *stdio, s32 *report);
long session_exec(struct init *in, u32 index, const struct message *m, const s32 *fds);

/* metadata.c */
/* Returns 0, also when the tape has no service; otherwise minus errno. */
int metadata_open(struct init *in);
void metadata_accept(struct init *in);
void metadata_client_event(struct init *in, u32 index);
void metadata_advance(struct init *in);
/* The pod was paused for this long: connections are closed that much later. */
void metadata_postpone(struct init *in, u64 ns);
/* The time to wait for events, given the timeout of everything else; -1: no timeout. */
int metadata_timeout_ms(const struct init *in, int timeout_ms);

#endif
