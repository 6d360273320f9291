/* The interface between the answers (metadata-reply.c) and the connections (metadata.c) of the metadata service. */
#ifndef POD_METADATA_H
#define POD_METADATA_H

#include "http.h"
#include "stage1.h"

/* Bytes to send; from is NULL when the tape has no text for it. */
struct reply {
	u8 *from;
	u32 size;
};

/* The op that describes the service: see CALL_SERVE. */
const struct tape_op *serve_op(const struct init *in);
/* The reply to an invalid request. */
struct reply reply_to_trouble(const struct init *in, enum answer_kind kind);
/*
 * The reply to a complete request. request is the buffer it was read into: it is decoded in place, and a signed reply
 * overwrites it.
 */
struct reply reply_to_request(const struct init *in, const struct http_request *r, u8 *request);

#endif
