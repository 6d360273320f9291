/* The ends of the apps' processes: reaping, reporting to the journal, cleaning up. */
#include "stage1.h"

#include <signal.h>
#include <sys/wait.h>

static void record_exit(struct init *in, u32 index, int oom)
{
	struct app *a = &in->apps[index];
	char line[256];
	struct text t = EVENT(line, "app-exited");

	event_app(&t, in, index);
	FIELD(&t, "code", a->code);
	FIELD(&t, "signal", a->signal);
	FIELD(&t, "oom", oom);
	if (in->apps[index].unhealthy)
		FIELD(&t, "unhealthy", 1);
	if (a->unhealthy && a->book.last_probe)
		a->book.pins[PIN_END_PROBE] = a->book.pins[a->book.last_probe];
	event_pin(in, index, PIN_END);
	event_end(in, &t, line);
	if (a->again && !in->stopping)
		record_waiting(in, index);
}

static u64 parse(const char *at, const char *end)
{
	u64 value = 0;

	for (; at < end && *at >= '0' && *at <= '9'; at++)
		value = value * 10 + (u64)(*at - '0');
	return value;
}

/* OOM kills since the app's cgroup was made: the line "oom_kill N" of memory.events or memory.oom_control. */
static u64 count_oom_kills(const struct init *in, u32 index)
{
	static const char key[] = "oom_kill ";
	s32 reg = in->program.apps[index].oom_reg;
	char text[512];
	long n;

	if (reg < 0 || in->regs[reg] < 0)
		return 0;
	n = sys4(__NR_pread64, in->regs[reg], text, sizeof(text), 0);
	for (long i = 0; i + (long)sizeof(key) <= n; i++) {
		if ((i == 0 || text[i - 1] == '\n') && memcmp(text + i, key, sizeof(key) - 1) == 0)
			return parse(text + i + sizeof(key) - 1, text + n);
	}
	return 0;
}

/*
 * Whether the app ended because the kernel's OOM killer killed one of its processes; false if it was stopped or killed
 * meanwhile.
 */
static int oom_killed(struct init *in, u32 index)
{
	struct app *a = &in->apps[index];
	u64 before = a->oom_kills;

	a->oom_kills = count_oom_kills(in, index);
	if (a->oom_kills <= before)
		return 0;
	return a->signal == SIGKILL ? !a->killed : !a->stopping;
}

void oom_of_another(struct init *in, u32 index, int status)
{
	struct app *a = &in->apps[index];

	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && count_oom_kills(in, index) > a->oom_kills)
		a->oom_kills++;
}

void app_ended(struct init *in, u32 index)
{
	struct app *a = &in->apps[index];

	a->ready = 0;
	a->state = APP_ENDING;
	hook_kill(&a->hook);
	attach_end(in, index);
	if (a->hook.pid > 0)
		return;
	/* Only after a process that existed: not after a start that its own hook prevented, nor when the pod is to end at once. */
	if (a->reaped && !a->post_stopped && !in->at_once) {
		a->post_stopped = 1;
		if (hook_begin(in, index, HOOK_POST_STOP, ~0ull) > 0)
			return;
	}
	a->state = APP_EXITED;
	if (!in->stopping)
		app_back_off(in, index);
	attach_end(in, index);
}

void app_hook_done(struct init *in, u32 index, int status)
{
	struct app *a = &in->apps[index];

	if (a->state == APP_ENDING) {
		app_ended(in, index);
	} else if (a->state == APP_PREPARING && status == 0 && !in->stopping && !a->again) {
		app_launch(in, index);
	} else if (a->state == APP_PREPARING) {
		a->code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
		a->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
		record_exit(in, index, oom_killed(in, index));
		app_ended(in, index);
	}
}

/* When the last app ends, PID 1 ends too, and the kernel kills what is left of the others. */
static int is_last(const struct init *in, u32 index)
{
	const struct tape_app *t = &in->program.apps[index];

	return apps_done(in) && t->hooks[HOOK_POST_STOP] < 0 && (in->stopping || t->restart == RESTART_NEVER);
}

static void reap_app(struct init *in, u32 index, int status)
{
	struct app *a = &in->apps[index];

	a->reaped = 1;
	if (a->report >= 0)
		app_reported(in, index);
	/* A child killed between clone and execve reports nothing; its exit status is all there is. */
	if (a->code == 0) {
		a->code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
		a->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	}
	log_settle(in, index);
	input_close(in, index);
	/* No exec starts in the app any more, and the namespace would keep the app's mounts. */
	sys_close(a->mount_namespace);
	a->mount_namespace = -1;
	sys_close(a->pid_namespace);
	a->pid_namespace = -1;
	probes_end(in, index);
	record_exit(in, index, oom_killed(in, index));
	a->state = APP_EXITED;
	if (!is_last(in, index))
		kill_group(in, index);
	app_ended(in, index);
}

int apps_reap(struct init *in, s32 pid, int status)
{
	for (u32 i = 0; i < in->program.header->apps_count; i++) {
		if (in->apps[i].pid == pid && app_lives(&in->apps[i])) {
			reap_app(in, i, status);
			return 1;
		}
	}
	return 0;
}
