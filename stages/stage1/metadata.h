/* What metadata-reply.c says to the connections of metadata.c. */
#ifndef POD_METADATA_H
#define POD_METADATA_H

#include "http.h"
#include "stage1.h"

/* Bytes to send; from is NULL where the tape has no words for it. */
struct reply {
	u8 *from;
	u32 size;
};

/* Who serves, and for how long: see CALL_SERVE. */
const struct tape_op *serve_op(const struct init *in);
/* To what is no request that can be answered. */
struct reply reply_to_trouble(const struct init *in, enum answer_kind kind);
/* To a complete one. request is where it was read to; it is decoded in place, and a signed reply is written over it. */
struct reply reply_to_request(const struct init *in, const struct http_request *r, u8 *request);

#endif
