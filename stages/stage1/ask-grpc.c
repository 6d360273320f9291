/* A probe that asks a gRPC server for its health, beside what all connections have in common. */
#include "stage1.h"

#include "grpc.h"

/* Only the pages of probes that ask over gRPC are ever allocated. */
static struct grpc answers[MAX_PROBES];

void answer_begin(u32 index)
{
	grpc_begin(&answers[index]);
}

/* Follows the request, of which nothing may be left to send. */
void answer_reply(struct init *in, u32 index)
{
	struct grpc *g = &answers[index];

	g->reply_sent += ask_send(in, index, g->reply + g->reply_sent, g->reply_bytes - g->reply_sent);
	if (g->reply_sent == g->reply_bytes)
		g->reply_sent = g->reply_bytes = 0;
}

int answer_health(struct init *in, u32 index, const u8 *bytes, u32 n, enum outcome *outcome, s32 *number)
{
	const struct tape_probe *t = &in->program.probes[index];
	struct grpc *g = &answers[index];

	grpc_take(g, bytes, n);
	*number = g->number;
	*outcome = g->outcome;
	if (g->outcome == TRY_HEALTH && g->number >= (s32)t->status_low && g->number <= (s32)t->status_high)
		*outcome = TRY_OK;
	return g->done;
}

enum outcome answer_cut(u32 index)
{
	return grpc_cut(&answers[index]);
}
