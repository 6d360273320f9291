/*
 * Runs init's supervision with no kernel behind it: clients that send anything, children that end in any order, calls that
 * fail. The answers keep account as a kernel would, so that a descriptor closed twice, watched after it was closed or never
 * closed, a signal to a pid that is not ours any more, or a pod that does not end, is found.
 *
 * init-fuzz SEED COUNT POD-TAPE EXEC-TAPE: COUNT is in messages and events.
 */
#include "../../stages/stage1/init.c"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "init-fuzz.h"

static u8 pod_tape[MAX_TAPE] __attribute__((aligned(4096))), pod_copy[MAX_TAPE] __attribute__((aligned(4096)));
static size_t pod_size;

static void account(const struct init *in, u32 expected)
{
	for (u32 i = 0; i < in->program.header->apps_count; i++) {
		const struct app *a = &in->apps[i];

		expected += (a->out.fd >= 0) + (a->err.fd >= 0) + (a->report >= 0) + (a->hook.report >= 0) + (a->hook.out.fd >= 0) + (a->mount_namespace >= 0) + (a->log.fd >= 0) +
			    (a->input >= 0) + (a->slave >= 0);
	}
	for (u32 i = 0; i < MAX_SESSIONS; i++) {
		const struct session *s = &in->sessions[i];

		expected += (s->sock >= 0) + (s->report >= 0) + (s->out >= 0) + (s->err >= 0);
	}
	for (u32 i = 0; i < MAX_CLIENTS; i++)
		expected += in->metadata.clients[i].fd >= 0;
	for (u32 i = 0; i < in->program.header->probes_count; i++)
		expected += (in->probes[i].fd >= 0) + (in->probes[i].report >= 0);
	for (u32 fd = 0; fd < FDS; fd++)
		expected -= world.open_fds[fd];
	require(expected == 0, "a descriptor was lost");
}

/* One pod, from its first app to its last. */
static void live_once(void)
{
	struct init *in = &self;
	u32 given = 0;

	world.init = in;
	memset(in, 0, sizeof(*in));
	memset(world.open_fds, 0, sizeof(world.open_fds));
	memset(world.watched, 0, sizeof(world.watched));
	world.live_count = 0;
	world.rounds = 0;
	for (u32 fd = 0; fd < 16; fd++, given++)
		world.open_fds[fd] = 1;
	memcpy(pod_copy, pod_tape, pod_size);
	require(program_load(&in->program, pod_copy, pod_size) == 0, "the pod's tape was refused");
	forget_all(in);
	for (u32 i = 0; i < in->program.header->regs; i++)
		in->regs[i] = 8;
	in->regs[R_CONTROL] = 10;
	in->regs[R_POD_STDIN] = 11;
	for (u32 i = 0; i < in->program.header->apps_count; i++)
		((struct tape_app *)in->program.apps)[i].flags = random_below(APP_FLAGS + 1);
	in->handoff = HANDOFF_FD;
	while (watch_all(in) < 0) {
		for (u32 fd = FIRST_FD; fd < FDS; fd++)
			world.open_fds[fd] = world.watched[fd] = 0;
		world.watched[10] = 0;
	}
	supervise(in);
	/* A client that came with the pod has been counted as a session. */
	account(in, given + 2 - (in->regs[R_POD_STDIN] < 0));
}

static size_t read_tape(const char *path, u8 *to)
{
	FILE *file = fopen(path, "rb");
	size_t size = file ? fread(to, 1, MAX_TAPE, file) : 0;

	require(size > 0 && size < MAX_TAPE, path);
	fclose(file);
	return size;
}

int main(int argc, char **argv)
{
	u64 count = argc > 4 ? strtoull(argv[2], NULL, 10) : 0;
	u64 pods = 0;

	require(count > 0, "usage: init-fuzz SEED COUNT POD-TAPE EXEC-TAPE");
	pod_size = read_tape(argv[3], pod_tape);
	world.exec_size = read_tape(argv[4], world.exec_tape);
	seed_random(strtoull(argv[1], NULL, 10));
	for (; world.total < count; pods++)
		live_once();
	printf("%llu rounds of events in %llu pods\n", (unsigned long long)world.total, (unsigned long long)pods);
	return 0;
}
