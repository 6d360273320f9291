/* A program that runs inside a pod and says what it sees. Static, so that it needs nothing of the pod's root. */
#ifndef POD_PROBE_H
#define POD_PROBE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <stdbool.h>
#include <stddef.h>

/* json.c: a writer that keeps track of commas. A NULL key is for members of arrays. */
void json_open(const char *key, char bracket);
void json_close(char bracket);
void json_number(const char *key, long long value);
void json_unsigned(const char *key, unsigned long long value);
void json_bool(const char *key, bool value);
void json_null(const char *key);
void json_string(const char *key, const char *value);
void json_end(void);

/* "ok" for 0 and above, else the name of errno. */
const char *outcome(long result);
/* The whole of a small file, NUL-terminated, or NULL with errno set. The buffer is the function's own. */
char *read_file(const char *path);

/* Sections of the report. */
void report_identity(void);
void report_limits(void);
void report_files(void);
void report_kernel_paths(void);
void report_network(void);
void report_tries(void);
void report_path_tries(void);

/* load.c: subcommands that do something instead of reporting. Returns -1 for a name it does not know. */
int run_load(int argc, char **argv);
/* net-load.c */
int serve(int port);
int fetch(const char *host, int port);

/* attacks.c: the same for what reaches out of the pod. */
int run_attack(int argc, char **argv);
/* races.c */
int exchange(const char *a, const char *b, long ms);
int hunt(long ms);
int bomb(long ms);
int hold_kernel_memory(const char *kind, long bytes);
/* escape.c */
int escape(const char *path);
/* neighbours.c */
int use_up(const char *kind, long most);
int forge(void);
int shout(void);
int seize(const char *command);
/* filter.c */
int time_filter(const char *path);
/* beneath.c */
int beneath(void);
/* tamper.c */
int unmask(void);
int tamper_with_devices(void);
int look_at_terminal(void);

/* Runs `attempt` in a child, so that what it changes stays there, and writes its outcome under `name`. */
void try_in_child(const char *name, long (*attempt)(void));

#endif
