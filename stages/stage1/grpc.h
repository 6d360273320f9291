/*
 * The answer of a gRPC server to one health check, read byte by byte as it arrives: frames (RFC 9113), header blocks (RFC 7541)
 * and one message. Nothing is stored but what the result depends on, so an answer can neither be too large for a buffer nor
 * refer to anything outside it.
 */
#ifndef POD_GRPC_H
#define POD_GRPC_H

#include "probe.h"

enum {
	/* RFC 9113, 6.5.2: our SETTINGS allow no more. */
	MAX_FRAME = 16384,
	FRAME_HEAD = 9,
	/* Acknowledgements that have not been sent yet. */
	MAX_REPLY = 512,
	/* "grpc-status" */
	MAX_KEPT = 11,
	/* The five bytes before each message: whether it is compressed, and its length. */
	MESSAGE_HEAD = 5,
	/* Protocol Buffers has deprecated groups, so that a message hardly contains any, least of all nested ones. */
	MAX_GROUPS = 4,
};

/* A block of header fields. */
struct hpack {
	u8 state;
	/* What the number that is being read is for. */
	u8 number_is;
	u8 shift;
	u8 is_huffman;
	u8 name;
	/* The beginning of a name or value; one more than MAX_KEPT when it did not fit. */
	u8 kept_bytes;
	u8 kept[MAX_KEPT];
	u32 number;
	/* How much of a name or value is still to come. */
	u32 left;
	/* The fields ":status" and "grpc-status"; -1 without a valid one. */
	s32 http_status;
	s32 grpc_status;
};

/* A HealthCheckResponse and what is before it. */
struct health {
	u8 state;
	u8 head_bytes;
	u8 number_bytes;
	u8 wire;
	u8 depth;
	/* How much of the message is still to come. */
	u32 left;
	u32 field;
	u32 skip;
	u32 groups[MAX_GROUPS];
	u64 number;
	s32 status;
};

struct grpc {
	u8 head[FRAME_HEAD];
	u8 head_bytes;
	u8 type;
	u8 flags;
	u8 padding;
	/* The server has sent its SETTINGS. */
	u8 greeted;
	/* A header block is open: only CONTINUATION may follow. */
	u8 in_block;
	/* The header block is the end of the answer. */
	u8 is_last;
	/* The answer has begun: its first header block has been read. */
	u8 answered;
	/* The server shuts down, but may still answer. */
	u8 leaves;
	/* There is a result; what comes after it is ignored. */
	u8 done;
	u32 length;
	u32 stream;
	/* How much of the payload has arrived; the beginning of that of a short frame. */
	u32 at;
	u8 small[8];
	s32 http_status;
	struct hpack block;
	struct health health;
	/* What the server must be sent. */
	u8 reply[MAX_REPLY];
	u32 reply_bytes;
	u32 reply_sent;
	enum outcome outcome;
	s32 number;
};

/* http2.c */
/* A new answer: what was known of another one is forgotten. */
void grpc_begin(struct grpc *g);
/* Reads what has arrived, until there is a result. TRY_HEALTH: the number is the server's status, whatever it means. */
void grpc_take(struct grpc *g, const u8 *bytes, u32 n);
/* The connection has ended; what that means for an answer that was not complete. */
enum outcome grpc_cut(const struct grpc *g);

/* hpack.c */
void hpack_begin(struct hpack *h);
/* Returns 0, or -1 when the block is not valid. */
int hpack_take(struct hpack *h, u8 byte);
/* The block may end here. */
int hpack_is_whole(const struct hpack *h);

/* health.c */
/* Returns TRY_OK, or what is wrong. */
enum outcome health_take(struct health *h, u8 byte);
int health_is_whole(const struct health *h);

#endif
