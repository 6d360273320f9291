/* One HTTP request in a buffer, and the form in its body. Nothing here reads beyond the bytes that have arrived. */
#ifndef POD_HTTP_H
#define POD_HTTP_H

#include "sys.h"

enum { MAX_HTTP_HEAD = 8 << 10 };

/* The state of the bytes that have arrived so far. */
enum http_state { HTTP_COMPLETE, HTTP_MORE, HTTP_MALFORMED, HTTP_NO_LENGTH, HTTP_TOO_LARGE };
enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_OTHER };

struct http_request {
	enum http_method method;
	/* Without the query. */
	const u8 *path;
	size_t path_size;
	/* 0 until the head is complete. */
	size_t head_size;
	size_t body_size;
	/* The client waits for "100 Continue" before it sends the body. */
	u8 expects_continue;
	/* A body follows that will not be read. */
	u8 has_unread;
};

/* `got` bytes of a request have arrived, in a buffer of `room` bytes. Stateless: called again when more has arrived. */
enum http_state http_parse(struct http_request *r, const u8 *bytes, size_t got, size_t room);

struct http_field {
	u8 *value;
	size_t size;
};

/*
 * Finds the first field of that name in an application/x-www-form-urlencoded body, still encoded. Returns 0, or -1 when
 * there is none. Find all fields before decoding one: text in a decoded value could be taken for a field.
 */
int http_form_find(u8 *body, size_t size, const char *name, size_t name_size, struct http_field *field);

/* Decodes a value in place. Returns 0, or -1 when its encoding is invalid. */
int http_form_decode(struct http_field *field);

#endif
