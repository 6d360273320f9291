#include "probe.h"
#include <errno.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

extern char **environ;

/* The value of a line of /proc/self/status, without blanks around it. */
static char *status_field(char *status, const char *name)
{
	static char value[256];
	char *line = strstr(status, name);

	if (!line)
		return NULL;
	line += strlen(name);
	line += strspn(line, ": \t");
	snprintf(value, sizeof(value), "%.*s", (int)strcspn(line, "\n"), line);
	return value;
}

static void status_string(char *status, const char *key, const char *field)
{
	char *value = status_field(status, field);

	if (value)
		json_string(key, value);
	else
		json_null(key);
}

static void status_number(char *status, const char *key, const char *field)
{
	char *value = status_field(status, field);

	if (value)
		json_number(key, strtoll(value, NULL, 10));
	else
		json_null(key);
}

/* `field` holds four numbers: real, effective, saved, file system. */
static void status_ids(char *status, const char *key, const char *field)
{
	char *value = status_field(status, field);

	json_open(key, '[');
	for (char *word = value ? strtok(value, " \t") : NULL; word; word = strtok(NULL, " \t"))
		json_number(NULL, strtoll(word, NULL, 10));
	json_close(']');
}

static void report_status(void)
{
	char *status = read_file("/proc/self/status");

	if (!status) {
		json_string("status", outcome(-1));
		return;
	}
	status_ids(status, "uid", "\nUid");
	status_ids(status, "gid", "\nGid");
	status_ids(status, "groups", "\nGroups");
	json_open("capabilities", '{');
	status_string(status, "inheritable", "\nCapInh");
	status_string(status, "permitted", "\nCapPrm");
	status_string(status, "effective", "\nCapEff");
	status_string(status, "bounding", "\nCapBnd");
	status_string(status, "ambient", "\nCapAmb");
	json_close('}');
	status_number(status, "noNewPrivs", "\nNoNewPrivs");
	status_number(status, "seccomp", "\nSeccomp");
	status_number(status, "seccompFilters", "\nSeccomp_filters");
	json_open("signals", '{');
	status_string(status, "blocked", "\nSigBlk");
	status_string(status, "ignored", "\nSigIgn");
	status_string(status, "caught", "\nSigCgt");
	json_close('}');
}

static void report_process(void)
{
	char cwd[4096];
	mode_t mask = umask(0);
	long session = syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0);
	const char *session_outcome = outcome(session);

	json_number("umask", mask);
	umask(mask);
	json_number("pid", getpid());
	json_number("ppid", getppid());
	json_number("sid", getsid(0));
	json_number("pgid", getpgrp());
	/* The call itself, because glibc's wrapper turns a cwd outside the root into ENOENT. */
	if (syscall(SYS_getcwd, cwd, sizeof(cwd)) > 0)
		json_string("cwd", cwd);
	else
		json_null("cwd");
	json_number("personality", personality(0xffffffff));
	json_number("securebits", prctl(PR_GET_SECUREBITS));
	json_number("dumpable", prctl(PR_GET_DUMPABLE));
	json_open("sessionKeyring", '{');
	json_string("outcome", session_outcome);
	json_number("id", session);
	json_close('}');
}

static void report_host_names(void)
{
	struct utsname uts;

	uname(&uts);
	json_string("hostname", uts.nodename);
	json_string("domainname", uts.domainname);
	json_open("env", '{');
	for (char **entry = environ; *entry; entry++) {
		char *equals = strchr(*entry, '=');
		char name[256];

		if (!equals)
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)(equals - *entry), *entry);
		json_string(name, equals + 1);
	}
	json_close('}');
}

void report_identity(void)
{
	report_status();
	report_process();
	report_host_names();
}

static const char *const LIMIT_NAMES[RLIM_NLIMITS] = {
	[RLIMIT_AS] = "AS", [RLIMIT_CORE] = "CORE", [RLIMIT_CPU] = "CPU", [RLIMIT_DATA] = "DATA",
	[RLIMIT_FSIZE] = "FSIZE", [RLIMIT_LOCKS] = "LOCKS", [RLIMIT_MEMLOCK] = "MEMLOCK",
	[RLIMIT_MSGQUEUE] = "MSGQUEUE", [RLIMIT_NICE] = "NICE", [RLIMIT_NOFILE] = "NOFILE",
	[RLIMIT_NPROC] = "NPROC", [RLIMIT_RSS] = "RSS", [RLIMIT_RTPRIO] = "RTPRIO",
	[RLIMIT_RTTIME] = "RTTIME", [RLIMIT_SIGPENDING] = "SIGPENDING", [RLIMIT_STACK] = "STACK",
};

/* Unlimited is null. */
static void limit_value(rlim_t value)
{
	if (value == RLIM_INFINITY)
		json_null(NULL);
	else
		json_unsigned(NULL, value);
}

void report_limits(void)
{
	char *oom = read_file("/proc/self/oom_score_adj");
	cpu_set_t cpus;
	struct rlimit limit;

	json_number("oomScoreAdj", oom ? atoi(oom) : -9999);
	errno = 0;
	json_number("nice", getpriority(PRIO_PROCESS, 0));
	json_number("scheduler", sched_getscheduler(0));
	json_number("cpus", sched_getaffinity(0, sizeof(cpus), &cpus) == 0 ? CPU_COUNT(&cpus) : -1);
	json_open("rlimits", '{');
	for (int i = 0; i < (int)RLIM_NLIMITS; i++) {
		if (!LIMIT_NAMES[i] || getrlimit(i, &limit) < 0)
			continue;
		json_open(LIMIT_NAMES[i], '[');
		limit_value(limit.rlim_cur);
		limit_value(limit.rlim_max);
		json_close(']');
	}
	json_close('}');
}
