#include "probe.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define INITIAL_PID_NAMESPACE "pid:[4026531836]"

/* The tries reach for PID 1 and for mounts: never those of the machine itself. */
static bool is_on_host(void)
{
	char link[64] = "";

	return readlink("/proc/self/ns/pid", link, sizeof(link) - 1) < 0 || !strcmp(link, INITIAL_PID_NAMESPACE);
}

static void report(int argc, char **argv)
{
	bool tries = argc > 1 && !strcmp(argv[1], "tries");

	json_open(NULL, '{');
	json_open("argv", '[');
	for (int i = 0; i < argc; i++)
		json_string(NULL, argv[i]);
	json_close(']');
	/* First: what comes later opens descriptors. */
	report_files();
	report_identity();
	report_limits();
	report_kernel_paths();
	report_network();
	if (tries) {
		report_path_tries();
		report_tries();
	}
	json_close('}');
	json_end();
}

/* Without arguments: the report. `tries`: the report with everything a pod should be refused. Otherwise see load.c and attacks.c. */
int main(int argc, char **argv)
{
	int status;

	if (argc == 1 || !strcmp(argv[1], "report")) {
		report(argc, argv);
		return 0;
	}
	status = run_load(argc, argv);
	if (status >= 0)
		return status;
	if (is_on_host()) {
		fputs("probe: this is for pods, and here is the host's PID namespace\n", stderr);
		return 2;
	}
	if (!strcmp(argv[1], "tries")) {
		report(argc, argv);
		return 0;
	}
	status = run_attack(argc, argv);
	if (status < 0) {
		fprintf(stderr, "probe: no subcommand \"%s\"\n", argv[1]);
		return 2;
	}
	return status;
}
