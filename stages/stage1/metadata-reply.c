/*
 * The answers of the metadata service: the paths and the texts of the answers are on the tape; only signatures are computed
 * here.
 */
#include "metadata.h"
#include "sha512.h"

enum { SIGNATURE = 88 };

const struct tape_op *serve_op(const struct init *in)
{
	return in->metadata.ops;
}

static u8 *data_at(const struct init *in, const struct tape_op *op, u32 arg)
{
	return in->program.data + op->args[arg];
}

static struct reply said_by(const struct init *in, const struct tape_op *op, int head_only)
{
	return op ? (struct reply){ data_at(in, op, 3), (u32)op->args[head_only ? 4 : 5] } : (struct reply){ 0 };
}

/* The tape's answer for this kind of error, for requests that match no path. */
static const struct tape_op *trouble(const struct init *in, enum answer_kind kind)
{
	for (u32 i = 1; i < in->metadata.count; i++) {
		if (in->metadata.ops[i].args[2] == kind)
			return &in->metadata.ops[i];
	}
	return NULL;
}

struct reply reply_to_trouble(const struct init *in, enum answer_kind kind)
{
	return said_by(in, trouble(in, kind), 0);
}

/* Takes constant time: a path contains the pod's token, and timing must not show how much of a guess was right. */
static const struct tape_op *answer_for(const struct init *in, const struct http_request *r)
{
	const struct tape_op *found = NULL;

	for (u32 i = 1; i < in->metadata.count; i++) {
		const struct tape_op *op = &in->metadata.ops[i];

		if (op->args[2] <= ANSWER_VERIFY && op->args[1] == r->path_size &&
		    same_bytes(data_at(in, op, 0), r->path, r->path_size))
			found = op;
	}
	return found;
}

static void encode_base64(const u8 *from, size_t size, u8 *to)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < size; i += 3) {
		size_t left = size - i;
		u32 bits = (u32)from[i] << 16 | (left > 1 ? (u32)from[i + 1] << 8 : 0) | (left > 2 ? from[i + 2] : 0);

		*to++ = (u8)digits[bits >> 18];
		*to++ = (u8)digits[bits >> 12 & 63];
		*to++ = left > 1 ? (u8)digits[bits >> 6 & 63] : '=';
		*to++ = left > 2 ? (u8)digits[bits & 63] : '=';
	}
}

/* Signs with the pod's own key, which is derived from the host's key and the pod's uuid. */
static void sign(const struct init *in, const u8 *uuid, const struct http_field *content, u8 *signature)
{
	const struct tape_op *op = serve_op(in);
	u8 key[SHA512_DIGEST];
	u8 mac[SHA512_DIGEST];

	hmac_sha512(data_at(in, op, 0), op->args[1], uuid, UUID_SIZE, key);
	hmac_sha512(key, sizeof(key), content->value, content->size, mac);
	encode_base64(mac, sizeof(mac), signature);
}

#define FIELD_OF(body, r, name, field) http_form_find(body, (r)->body_size, name, sizeof(name) - 1, field)

static struct reply reply_signed(const struct init *in, const struct http_request *r, u8 *buffer, const struct tape_op *op)
{
	struct http_field content;
	u8 signature[SIGNATURE];

	if (FIELD_OF(buffer + r->head_size, r, "content", &content) < 0 || content.size == 0 ||
	    http_form_decode(&content) < 0)
		return reply_to_trouble(in, ANSWER_MALFORMED);
	sign(in, data_at(in, serve_op(in), 2), &content, signature);
	/* The request is no longer needed, so its buffer is reused. */
	memcpy(buffer, data_at(in, op, 3), op->args[5]);
	memcpy(buffer + op->args[5], signature, SIGNATURE);
	return (struct reply){ buffer, (u32)op->args[5] + SIGNATURE };
}

/* Checks a uuid and converts it to its canonical form. */
static int is_uuid(const struct http_field *f)
{
	for (size_t i = 0; i < f->size; i++) {
		u8 c = f->value[i];

		if (c >= 'A' && c <= 'F')
			f->value[i] = c = (u8)(c + 'a' - 'A');
		if (i == 8 || i == 13 || i == 18 || i == 23 ? c != '-' :
							      !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			return 0;
	}
	return f->size == UUID_SIZE;
}

static struct reply reply_verified(const struct init *in, const struct http_request *r, u8 *body, const struct tape_op *op)
{
	struct http_field content;
	struct http_field uuid;
	struct http_field given;
	u8 signature[SIGNATURE];

	if (FIELD_OF(body, r, "content", &content) < 0 || FIELD_OF(body, r, "uuid", &uuid) < 0 ||
	    FIELD_OF(body, r, "signature", &given) < 0 || content.size == 0 || http_form_decode(&content) < 0 ||
	    http_form_decode(&uuid) < 0 || http_form_decode(&given) < 0 || !is_uuid(&uuid))
		return reply_to_trouble(in, ANSWER_MALFORMED);
	/* An unencoded plus sign was decoded as a space, which no signature contains. */
	for (size_t i = 0; i < given.size; i++)
		given.value[i] = given.value[i] == ' ' ? '+' : given.value[i];
	sign(in, uuid.value, &content, signature);
	if (given.size != SIGNATURE || !same_bytes(given.value, signature, SIGNATURE))
		return reply_to_trouble(in, ANSWER_FORBIDDEN);
	return said_by(in, op, 0);
}

struct reply reply_to_request(const struct init *in, const struct http_request *r, u8 *request)
{
	const struct tape_op *op = answer_for(in, r);
	int is_post = op && op->args[2] != ANSWER_GET;

	if (!op)
		op = trouble(in, ANSWER_UNKNOWN);
	else if (is_post && r->method != HTTP_POST)
		op = trouble(in, ANSWER_NOT_POST);
	else if (!is_post && r->method != HTTP_GET && r->method != HTTP_HEAD)
		op = trouble(in, ANSWER_NOT_GET);
	else if (op->args[2] == ANSWER_SIGN)
		return reply_signed(in, r, request, op);
	else if (op->args[2] == ANSWER_VERIFY)
		return reply_verified(in, r, request + r->head_size, op);
	return said_by(in, op, r->method == HTTP_HEAD);
}
