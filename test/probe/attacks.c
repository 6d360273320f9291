/* Subcommands that attack what is around a pod. They are for pods: on the host some would find what they look for. */
#include "probe.h"
#include <stdlib.h>
#include <string.h>

int run_attack(int argc, char **argv)
{
	const char *name = argv[1];

	if (!strcmp(name, "exchange") && argc > 4)
		return exchange(argv[2], argv[3], strtol(argv[4], NULL, 10));
	if (!strcmp(name, "hunt") && argc > 2)
		return hunt(strtol(argv[2], NULL, 10));
	if (!strcmp(name, "bomb") && argc > 2)
		return bomb(strtol(argv[2], NULL, 10));
	if (!strcmp(name, "kernel-memory") && argc > 3)
		return hold_kernel_memory(argv[2], strtol(argv[3], NULL, 10));
	if (!strcmp(name, "escape") && argc > 2)
		return escape(argv[2]);
	if (!strcmp(name, "use-up") && argc > 3)
		return use_up(argv[2], strtol(argv[3], NULL, 10));
	if (!strcmp(name, "forge"))
		return forge();
	if (!strcmp(name, "shout"))
		return shout();
	if (!strcmp(name, "seize") && argc > 2)
		return seize(argv[2]);
	if (!strcmp(name, "beneath"))
		return beneath();
	if (!strcmp(name, "unmask"))
		return unmask();
	if (!strcmp(name, "devices"))
		return tamper_with_devices();
	if (!strcmp(name, "terminal"))
		return look_at_terminal();
	return -1;
}
