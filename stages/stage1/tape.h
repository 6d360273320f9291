/* The launch tape: the format is written by stages/tape/encode.ts and described in docs/tape.md. */
#ifndef POD_TAPE_H
#define POD_TAPE_H

#include "sys.h"

enum {
	TAPE_VERSION = 6,
	MAX_TAPE_BYTES = 8 << 20,
	MAX_REGS = 2048,
	/* Limited by the bits of a u64. */
	MAX_APPS = 64,
	MAX_DEPS = 256,
	MAX_APP_NAME = 64,
	/* The start, ready and live probes of every app. */
	MAX_PROBES = 3 * MAX_APPS,
	/* struct sockaddr_storage */
	MAX_ADDRESS = 128,
	NO_REG = 0xffff,
};

enum purpose {
	TAPE_HOST,
	TAPE_BASE,
	TAPE_ATTACH,
	TAPE_TREE,
	TAPE_POD,
	TAPE_BEFORE,
	TAPE_START,
	TAPE_AFTER,
	TAPE_EXEC,
	TAPE_CLEANUP,
	TAPE_SETTLE,
	TAPE_HOOK,
	TAPE_PROBE,
	TAPE_SERVE,
	TAPE_ENTER,
	TAPE_BORN,
	TAPE_LEAVES,
	TAPE_LINK,
	TAPE_NETWORK,
	TAPE_PURPOSES,
};

/* Registers that stage1 itself writes or reads; stages/tape/registers.ts has the same list. */
enum {
	R_LOCK,
	R_INIT_PROC,
	R_INIT_PID,
	R_CONTROL,
	R_EVENTS,
	R_FINAL,
	R_LOGS,
	R_STDIN,
	R_STDOUT,
	R_STDERR,
	R_REPORT,
	R_APP_MOUNT_NAMESPACE,
	R_PROC,
	R_POD_STDIN,
	R_PTMX,
	R_FIRST_FREE = 16,
};

enum { ARG_IMMEDIATE, ARG_DATA, ARG_REGISTER };
enum { OP_HAND_OVER = 1 };
enum { CALL_STORE32 = 0x8000, CALL_STORE64, CALL_CHECK32, CALL_EQUAL, CALL_SERVE, CALL_ANSWER, CALL_END };
enum { AFTER_STARTED, AFTER_COMPLETED, AFTER_READY };
enum { RESTART_NEVER, RESTART_ON_FAILURE, RESTART_ALWAYS };
enum { HOOK_PRE_START, HOOK_POST_START, HOOK_PRE_STOP, HOOK_POST_STOP, HOOKS };
/* What a probe does: play a tape; connect; or connect, send a request and check the answer. */
enum { PROBE_TAPE, PROBE_CONNECT, PROBE_HTTP, PROBE_GRPC };
enum role { ROLE_START, ROLE_READY, ROLE_LIVE };

enum {
	/* Its standard input, output and error are a pseudo-terminal. */
	APP_TERMINAL = 1,
	/* Its standard input is a pipe that init keeps open for clients to write to. */
	APP_INPUT_KEPT = 2,
	/* R_POD_STDIN is a control connection whose requests are handled before any app is started. */
	APP_FIRST_CLIENT = 4,
	APP_FLAGS = 7,
};
/* What a CALL_ANSWER applies to: its path, or a kind of error. */
enum answer_kind {
	ANSWER_GET,
	ANSWER_SIGN,
	ANSWER_VERIFY,
	ANSWER_CONTINUE,
	ANSWER_MALFORMED,
	ANSWER_FORBIDDEN,
	ANSWER_UNKNOWN,
	ANSWER_NOT_GET,
	ANSWER_NOT_POST,
	ANSWER_NO_LENGTH,
	ANSWER_TOO_LARGE,
	ANSWER_KINDS,
};
enum {
	UUID_SIZE = 36,
	/* Such an answer and its signature share one buffer. */
	MAX_SIGN_ANSWER = 1024,
	/* A day. */
	MAX_SERVE_MS = 86400000,
};

struct tape_header {
	char magic[8];
	u32 version;
	u32 arch;
	u32 size;
	u32 regs;
	u32 tapes_at, tapes_count;
	u32 ops_at, ops_count;
	u32 relocs_at, relocs_count;
	u32 apps_at, apps_count;
	u32 deps_at, deps_count;
	u32 data_at, data_size;
	u32 probes_at, probes_count;
};

struct tape_entry {
	u32 purpose;
	u32 first_op;
	u32 ops;
	s32 cgroup_reg;
	u64 clone_flags;
	u32 reserved[2];
};

struct tape_op {
	u16 nr;
	u16 kinds;
	u16 out;
	u8 tolerated;
	u8 flags;
	u16 tolerate[4];
	u64 args[6];
};

struct tape_reloc {
	u32 at;
	u32 target;
};

struct tape_app {
	u32 name;
	u32 name_length;
	u32 start;
	s32 before;
	s32 after;
	u32 stop_signal;
	u32 grace_ms;
	u32 log_bytes;
	u32 log_files;
	u32 first_dep;
	u32 deps;
	s32 kill_reg;
	s32 oom_reg;
	u32 restart;
	/* -1: no limit. */
	s32 max_retries;
	u32 backoff_first_ms;
	u32 backoff_cap_ms;
	/* After the app has run this long, its earlier failures no longer count. */
	u32 healthy_ms;
	/* Tapes, -1 for none. */
	s32 hooks[HOOKS];
	u32 hook_limits_ms[HOOKS];
	u32 first_probe;
	u32 probes;
	u32 flags;
	/* Readable list of the processes in the app's cgroup, if the app is not born into one; otherwise -1. */
	s32 procs_reg;
	u32 reserved[2];
};

struct tape_dep {
	u32 app;
	u32 condition;
};

/* A range of the data section. */
struct tape_span {
	u32 at;
	u32 length;
};

struct tape_probe {
	u32 app;
	u32 role;
	u32 kind;
	/* PROBE_TAPE only; -1 for the others. */
	s32 tape;
	u32 delay_ms;
	u32 period_ms;
	u32 timeout_ms;
	/* The number of equal results in a row that counts. */
	u32 successes;
	u32 failures;
	/* PROBE_HTTP, PROBE_GRPC: the range of successful statuses, of the answer or of the service. */
	u32 status_low;
	u32 status_high;
	/*
	 * Until the first success, the interval is this or a quarter of the elapsed time, whichever is longer, but at most the
	 * period; 0: the period.
	 */
	u32 early_ms;
	/* A struct sockaddr, and the bytes to send. */
	struct tape_span address;
	struct tape_span request;
};

/* A verified tape in memory. */
struct program {
	const struct tape_header *header;
	const struct tape_entry *tapes;
	const struct tape_op *ops;
	const struct tape_app *apps;
	const struct tape_dep *deps;
	const struct tape_probe *probes;
	u8 *data;
};

/* Where a tape stopped; err is 0 when it was played to its end. */
struct fault {
	u32 tape;
	u32 op;
	s32 err;
};

/*
 * Checks every offset and applies the relocations. Returns 0, or -1 when anything is out of bounds; such a tape is never
 * played.
 */
int program_load(struct program *p, void *image, size_t size);

/*
 * Frees the pages of the ops. Nothing writes to them, so they are read again from the tape's file when a tape is played.
 * Only for a tape that is mapped from a file.
 */
void program_rest(const struct program *p);

/* The index of the first tape with that purpose, or -1. */
int program_find(const struct program *p, enum purpose purpose);

/*
 * Plays one tape. Returns 0 when it was played to its end: fault->err is then the last tolerated errno and fault->op its
 * op, except that an EACCES is kept until another call is tolerated. Returns -1 when an op failed with an errno it does not
 * tolerate.
 */
int program_play(const struct program *p, u32 tape, s64 *regs, struct fault *fault);

#endif
