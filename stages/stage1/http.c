#include "http.h"

struct line {
	const u8 *at;
	size_t size;
};

static int is_token(const u8 *at, size_t size, const char *word, size_t word_size)
{
	return size == word_size && memcmp(at, word, size) == 0;
}
#define IS(at, size, word) is_token(at, size, word, sizeof(word) - 1)

static u8 lower(u8 c)
{
	return c >= 'A' && c <= 'Z' ? (u8)(c + 'a' - 'A') : c;
}

static int is_name(const struct line *l, const char *name, size_t size)
{
	if (l->size < size)
		return 0;
	for (size_t i = 0; i < size; i++) {
		if (lower(l->at[i]) != (u8)name[i])
			return 0;
	}
	return 1;
}

/* Size of the head including its empty line, or 0 when it is not complete. */
static size_t head_size(const u8 *bytes, size_t got)
{
	for (size_t i = 3; i < got && i < MAX_HTTP_HEAD; i++) {
		if (bytes[i] == '\n' && memcmp(bytes + i - 3, "\r\n\r", 3) == 0)
			return i + 1;
	}
	return 0;
}

/* Cuts off the next line; its end is known to be there. */
static struct line next_line(const u8 **at, const u8 *end)
{
	struct line l = { *at, 0 };

	while (l.at + l.size + 2 < end && memcmp(l.at + l.size, "\r\n", 2) != 0)
		l.size++;
	*at = l.at + l.size + 2;
	return l;
}

/* Cuts off the text up to the next space, and the space, if there is one. */
static struct line next_word(struct line *rest)
{
	struct line word = { rest->at, 0 };

	while (word.size < rest->size && rest->at[word.size] != ' ')
		word.size++;
	rest->at += word.size;
	rest->size -= word.size;
	if (rest->size > 0) {
		rest->at++;
		rest->size--;
	}
	return word;
}

/* A request target in absolute form starts with the host: http://HOST/PATH. */
static void cut_authority(struct line *target)
{
	static const char scheme[] = "http://";

	if (!is_name(target, scheme, sizeof(scheme) - 1))
		return;
	target->at += sizeof(scheme) - 1;
	target->size -= sizeof(scheme) - 1;
	while (target->size > 0 && *target->at != '/') {
		target->at++;
		target->size--;
	}
}

static int parse_request_line(struct http_request *r, struct line l)
{
	struct line method = next_word(&l);
	struct line target = next_word(&l);

	if (!IS(l.at, l.size, "HTTP/1.1") && !IS(l.at, l.size, "HTTP/1.0"))
		return -1;
	cut_authority(&target);
	if (method.size == 0 || target.size == 0 || *target.at != '/')
		return -1;
	r->method = IS(method.at, method.size, "GET")  ? HTTP_GET :
		    IS(method.at, method.size, "HEAD") ? HTTP_HEAD :
		    IS(method.at, method.size, "POST") ? HTTP_POST :
							 HTTP_OTHER;
	r->path = target.at;
	while (r->path_size < target.size && target.at[r->path_size] != '?')
		r->path_size++;
	return 0;
}

/* The text after the colon, without the white space around it. */
static struct line value_of(const struct line *l, size_t name_size)
{
	struct line v = { l->at + name_size, l->size - name_size };

	while (v.size > 0 && (*v.at == ' ' || *v.at == '\t')) {
		v.at++;
		v.size--;
	}
	while (v.size > 0 && (v.at[v.size - 1] == ' ' || v.at[v.size - 1] == '\t'))
		v.size--;
	return v;
}

/* Accepts only digits, and too few to overflow; otherwise -1. */
static s64 number_of(struct line v)
{
	s64 number = 0;

	if (v.size == 0 || v.size > 15)
		return -1;
	for (size_t i = 0; i < v.size; i++) {
		if (v.at[i] < '0' || v.at[i] > '9')
			return -1;
		number = number * 10 + (v.at[i] - '0');
	}
	return number;
}

#define HEADER(l, name) is_name(l, name ":", sizeof(name))
#define VALUE(l, name) value_of(l, sizeof(name))

/* *length: -1 until there is one; -2 for a chunked body. */
static int parse_header(struct http_request *r, const struct line *l, s64 *length)
{
	/* A header needs a name before the colon, and continuation lines are not allowed. */
	if (l->size == 0 || l->at[0] == ' ' || l->at[0] == '\t' || l->at[0] == ':')
		return -1;
	if (HEADER(l, "content-length")) {
		s64 number = number_of(VALUE(l, "content-length"));

		if (number < 0 || (*length >= 0 && *length != number))
			return -1;
		if (*length != -2)
			*length = number;
	}
	if (HEADER(l, "transfer-encoding"))
		*length = -2;
	if (HEADER(l, "expect")) {
		struct line v = VALUE(l, "expect");

		r->expects_continue = v.size == 12 && is_name(&v, "100-continue", 12);
	}
	return 0;
}

enum http_state http_parse(struct http_request *r, const u8 *bytes, size_t got, size_t room)
{
	const u8 *at = bytes;
	const u8 *end;
	s64 length = -1;

	*r = (struct http_request){ .head_size = head_size(bytes, got) };
	if (r->head_size == 0)
		return got < MAX_HTTP_HEAD ? HTTP_MORE : HTTP_TOO_LARGE;
	end = bytes + r->head_size - 2;
	if (parse_request_line(r, next_line(&at, end)) < 0)
		return HTTP_MALFORMED;
	while (at < end) {
		struct line l = next_line(&at, end);

		if (parse_header(r, &l, &length) < 0)
			return HTTP_MALFORMED;
	}
	/* Only the body of a POST, a form, is read. */
	if (r->method != HTTP_POST) {
		r->has_unread = length > 0 || length == -2;
		return HTTP_COMPLETE;
	}
	if (length < 0)
		return HTTP_NO_LENGTH;
	if ((u64)length > room - r->head_size)
		return HTTP_TOO_LARGE;
	r->body_size = (size_t)length;
	return got - r->head_size < r->body_size ? HTTP_MORE : HTTP_COMPLETE;
}

static int digit(u8 c)
{
	c = lower(c);
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int http_form_decode(struct http_field *field)
{
	u8 *v = field->value;
	size_t to = 0;

	for (size_t i = 0; i < field->size; i++, to++) {
		if (v[i] == '%') {
			int high = i + 2 < field->size ? digit(v[i + 1]) : -1;
			int low = high < 0 ? -1 : digit(v[i + 2]);

			if (low < 0)
				return -1;
			v[to] = (u8)(high << 4 | low);
			i += 2;
		} else {
			v[to] = v[i] == '+' ? ' ' : v[i];
		}
	}
	field->size = to;
	return 0;
}

int http_form_find(u8 *body, size_t size, const char *name, size_t name_size, struct http_field *field)
{
	size_t at = 0;

	while (at < size) {
		size_t end = at;

		while (end < size && body[end] != '&')
			end++;
		if (end - at > name_size && body[at + name_size] == '=' && memcmp(body + at, name, name_size) == 0) {
			*field = (struct http_field){ body + at + name_size + 1, end - at - name_size - 1 };
			return 0;
		}
		at = end + 1;
	}
	return -1;
}
