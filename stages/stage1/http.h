/* One HTTP request in a buffer, and the form in its body. Nothing here reads beyond what has arrived. */
#ifndef POD_HTTP_H
#define POD_HTTP_H

#include "sys.h"

enum { MAX_HTTP_HEAD = 8 << 10 };

/* What becomes of what has arrived so far. */
enum http_state { HTTP_COMPLETE, HTTP_MORE, HTTP_MALFORMED, HTTP_NO_LENGTH, HTTP_TOO_LARGE };
enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_OTHER };

struct http_request {
	enum http_method method;
	/* Without what follows a question mark. */
	const u8 *path;
	size_t path_size;
	/* 0 until the head is complete. */
	size_t head_size;
	size_t body_size;
	/* The client waits for a word before it sends the body. */
	u8 expects_continue;
	/* A body follows that nobody asked for. */
	u8 has_unread;
};

/* `got` bytes of a request, of which there is room for `room`. Stateless: called again when more has come. */
enum http_state http_parse(struct http_request *r, const u8 *bytes, size_t got, size_t room);

struct http_field {
	u8 *value;
	size_t size;
};

/*
 * The first value of that name in an application/x-www-form-urlencoded body, as it was sent. 0, or -1 when there is none. All
 * fields are to be found before one is decoded: what is in a value would be taken for a field afterwards.
 */
int http_form_find(u8 *body, size_t size, const char *name, size_t name_size, struct http_field *field);

/* Decodes a value where it lies. 0, or -1 when its encoding is broken. */
int http_form_decode(struct http_field *field);

#endif
