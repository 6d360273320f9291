/*
 * The frames of the answer: RFC 9113. Checked is what reading depends on. What a server may send but does not matter here, such
 * as the values of its SETTINGS, is ignored: the whole request has been sent by then, within the limits that apply from the start.
 */
#include "grpc.h"

enum { DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION };
enum { ACK = 1, END_STREAM = 1, END_HEADERS = 4, PADDED = 8, WITH_PRIORITY = 0x20 };
enum { CONNECTION = 0, OUR_STREAM = 1, GOOD_STATUS = 200 };

void grpc_begin(struct grpc *g)
{
	memset(g, 0, sizeof(*g));
}

static void end(struct grpc *g, enum outcome outcome, u32 number)
{
	g->done = 1;
	g->outcome = outcome;
	g->number = (s32)number;
}

static u32 number_at(const u8 *at)
{
	return (u32)at[0] << 24 | (u32)at[1] << 16 | (u32)at[2] << 8 | at[3];
}

/* A server that keeps asking and does not read the replies gets no more of them. */
static void reply(struct grpc *g, u8 type, const u8 *payload, u8 length)
{
	u8 head[FRAME_HEAD] = { 0, 0, length, type, ACK };

	if (MAX_REPLY - g->reply_bytes < (u32)FRAME_HEAD + length) {
		end(g, TRY_FLOOD, 0);
		return;
	}
	memcpy(g->reply + g->reply_bytes, head, FRAME_HEAD);
	memcpy(g->reply + g->reply_bytes + FRAME_HEAD, payload, length);
	g->reply_bytes += (u32)FRAME_HEAD + length;
}

/* `code`: that of the trailers; negative without a valid one. */
static void end_stream(struct grpc *g, s32 code)
{
	if (code > 0)
		end(g, TRY_GRPC, (u32)code);
	else if (code < 0 && g->http_status != GOOD_STATUS)
		end(g, TRY_STATUS, (u32)g->http_status);
	else if (code < 0)
		end(g, TRY_NO_CODE, 0);
	else if (!health_is_whole(&g->health))
		end(g, TRY_NO_MESSAGE, 0);
	else
		end(g, TRY_HEALTH, (u32)g->health.status);
}

/* The first block begins the answer, after any interim ones; another ends it. An answer without a message is one block. */
static void end_block(struct grpc *g)
{
	const struct hpack *b = &g->block;

	g->in_block = 0;
	if (!hpack_is_whole(b) || (g->answered ? !g->is_last : b->http_status < 0)) {
		end(g, TRY_HEADERS, 0);
		return;
	}
	if (!g->answered && !g->is_last && b->http_status >= 100 && b->http_status < 200)
		return;
	if (!g->answered)
		g->http_status = b->http_status;
	g->answered = 1;
	if (g->is_last)
		end_stream(g, b->grpc_status);
	else if (g->http_status != GOOD_STATUS)
		end(g, TRY_STATUS, (u32)g->http_status);
}

/* A server that shuts down finishes the streams that it has named; after an error (5.4.1), it closes the connection. */
static void take_goaway(struct grpc *g)
{
	u32 code = number_at(g->small + 4);

	g->leaves = 1;
	if (code != 0 || (number_at(g->small) & 0x7fffffff) < OUR_STREAM)
		end(g, TRY_GOAWAY, code);
}

static void end_frame(struct grpc *g)
{
	int is_request = !(g->flags & ACK);

	g->head_bytes = 0;
	switch (g->type) {
	case DATA:
		if (g->flags & END_STREAM)
			end_stream(g, -1);
		break;
	case HEADERS:
	case CONTINUATION:
		if (g->flags & END_HEADERS)
			end_block(g);
		break;
	case RST_STREAM:
		end(g, TRY_RESET, number_at(g->small));
		break;
	case SETTINGS:
		if (is_request)
			reply(g, SETTINGS, g->small, 0);
		g->greeted = 1;
		break;
	case PING:
		if (is_request)
			reply(g, PING, g->small, sizeof(g->small));
		break;
	case GOAWAY:
		take_goaway(g);
		break;
	case WINDOW_UPDATE:
		if ((number_at(g->small) & 0x7fffffff) == 0)
			end(g, TRY_FRAME, g->type);
		break;
	default:
		break;
	}
}

static int is_padded(const struct grpc *g)
{
	return g->type <= HEADERS && g->flags & PADDED;
}

/* What is before the data or the header block. */
static u32 bytes_before(const struct grpc *g)
{
	return (is_padded(g) ? 1 : 0) + (g->type == HEADERS && g->flags & WITH_PRIORITY ? 5 : 0);
}

/* Whether the frame may come now. */
static int is_expected(const struct grpc *g)
{
	if (!g->greeted)
		return g->type == SETTINGS && !(g->flags & ACK);
	if (g->in_block)
		return g->type == CONTINUATION;
	return g->type != CONTINUATION && g->type != PUSH_PROMISE && (g->type != DATA || g->answered);
}

/* Whether its length and stream are those of its type. */
static int is_sound(const struct grpc *g)
{
	switch (g->type) {
	case DATA:
	case HEADERS:
		return g->stream == OUR_STREAM && bytes_before(g) <= g->length;
	case CONTINUATION:
		return g->stream == OUR_STREAM;
	case PRIORITY:
		return g->stream != CONNECTION && g->length == 5;
	case RST_STREAM:
		return g->stream == OUR_STREAM && g->length == 4;
	case SETTINGS:
		return g->stream == CONNECTION && (g->flags & ACK ? g->length == 0 : g->length % 6 == 0);
	case PING:
		return g->stream == CONNECTION && g->length == 8;
	case GOAWAY:
		return g->stream == CONNECTION && g->length >= 8;
	case WINDOW_UPDATE:
		return g->stream <= OUR_STREAM && g->length == 4;
	default:
		return 1;
	}
}

static void begin_frame(struct grpc *g)
{
	g->length = number_at(g->head) >> 8;
	g->flags = g->head[4];
	g->stream = number_at(g->head + 5) & 0x7fffffff;
	g->at = g->padding = 0;
	if (g->length > MAX_FRAME)
		end(g, TRY_SIZE, g->length);
	else if (!is_expected(g))
		end(g, TRY_ORDER, g->type);
	else if (!is_sound(g))
		end(g, TRY_FRAME, g->type);
	if (g->done)
		return;
	if (g->type == HEADERS) {
		g->in_block = 1;
		g->is_last = g->flags & END_STREAM;
		hpack_begin(&g->block);
	}
	if (g->length == 0)
		end_frame(g);
}

/* An HTTP/2 server speaks first, and sends SETTINGS: others are recognized before they have sent as much as a frame. */
static void check_greeting(struct grpc *g)
{
	static const u8 alert[] = { TLS_ALERT, 3 };

	if (memcmp(g->head, "HTTP", 4) == 0)
		end(g, TRY_HTTP1, 0);
	else if (memcmp(g->head, alert, sizeof(alert)) == 0)
		end(g, TRY_TLS, 0);
	else if (g->type != SETTINGS)
		end(g, TRY_ANSWER, 0);
}

static void take_head(struct grpc *g, u8 byte)
{
	g->head[g->head_bytes++] = byte;
	if (g->head_bytes == 4) {
		g->type = byte;
		if (!g->greeted)
			check_greeting(g);
	} else if (g->head_bytes == FRAME_HEAD) {
		begin_frame(g);
	}
}

static void take_content(struct grpc *g, u8 byte, u32 at)
{
	enum outcome wrong;

	switch (g->type) {
	case DATA:
		wrong = health_take(&g->health, byte);
		if (wrong)
			end(g, wrong, 0);
		break;
	case HEADERS:
	case CONTINUATION:
		if (hpack_take(&g->block, byte) < 0)
			end(g, TRY_HEADERS, 0);
		break;
	default:
		if (at < sizeof(g->small))
			g->small[at] = byte;
	}
}

static void take_payload(struct grpc *g, u8 byte)
{
	u32 before = bytes_before(g);
	u32 at = g->at++;

	if (at == 0 && is_padded(g)) {
		g->padding = byte;
		if (before + byte > g->length)
			end(g, TRY_FRAME, g->type);
	} else if (at >= before && at < g->length - g->padding) {
		take_content(g, byte, at - before);
	}
	if (g->at == g->length && !g->done)
		end_frame(g);
}

void grpc_take(struct grpc *g, const u8 *bytes, u32 n)
{
	for (u32 i = 0; i < n && !g->done; i++) {
		if (g->head_bytes < FRAME_HEAD)
			take_head(g, bytes[i]);
		else
			take_payload(g, bytes[i]);
	}
}

enum outcome grpc_cut(const struct grpc *g)
{
	return g->leaves ? TRY_GOAWAY : g->greeted ? TRY_CUT : g->head_bytes ? TRY_ANSWER : TRY_CLOSED;
}
