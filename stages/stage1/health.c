/*
 * The only message of the answer: what gRPC puts before it, then a HealthCheckResponse in Protocol Buffers, with the enum
 * `status` as field 1. https://protobuf.dev/programming-guides/encoding
 */
#include "grpc.h"

enum { AT_TAG, AT_VALUE, AT_LENGTH, SKIPPING };
enum { WIRE_VARINT, WIRE_64_BITS, WIRE_BYTES, WIRE_GROUP, WIRE_GROUP_END, WIRE_32_BITS };
enum { FIELD_STATUS = 1, MAX_FIELD = (1 << 29) - 1, LAST_VARINT_BYTE = 9 };

static enum outcome take_head(struct health *h, u8 byte)
{
	if (h->head_bytes++ == 0)
		return byte == 0 ? TRY_OK : byte == 1 ? TRY_COMPRESSED : TRY_NOT_GRPC;
	h->left = h->left << 8 | byte;
	return h->head_bytes == MESSAGE_HEAD && h->left > MAX_ANSWER ? TRY_LONG : TRY_OK;
}

/* Returns 1 when the number is complete, 0 when more of it follows, -1 when it has more than 64 bits. */
static int take_varint(struct health *h, u8 byte)
{
	if (h->number_bytes == 0)
		h->number = 0;
	if (h->number_bytes == LAST_VARINT_BYTE && byte > 1)
		return -1;
	h->number |= (u64)(byte & 0x7f) << (7 * h->number_bytes++);
	if (byte & 0x80)
		return 0;
	h->number_bytes = 0;
	return 1;
}

static int skip(struct health *h, u64 bytes)
{
	if (bytes > h->left)
		return -1;
	h->skip = (u32)bytes;
	h->state = bytes ? SKIPPING : AT_TAG;
	return 0;
}

static int begin_field(struct health *h)
{
	u64 field = h->number >> 3;

	if (field == 0 || field > MAX_FIELD)
		return -1;
	h->field = (u32)field;
	h->wire = h->number & 7;
	switch (h->wire) {
	case WIRE_VARINT:
		h->state = AT_VALUE;
		return 0;
	case WIRE_64_BITS:
		return skip(h, 8);
	case WIRE_BYTES:
		h->state = AT_LENGTH;
		return 0;
	case WIRE_GROUP:
		if (h->depth == MAX_GROUPS)
			return -1;
		h->groups[h->depth++] = h->field;
		return 0;
	case WIRE_GROUP_END:
		return h->depth > 0 && h->groups[--h->depth] == h->field ? 0 : -1;
	case WIRE_32_BITS:
		return skip(h, 4);
	default:
		return -1;
	}
}

/* Of several, the last counts. An enum is the lower 32 bits of its number. */
static int end_value(struct health *h)
{
	if (h->field == FIELD_STATUS && h->depth == 0)
		h->status = (s32)(u32)h->number;
	h->state = AT_TAG;
	return 0;
}

static int take_byte(struct health *h, u8 byte)
{
	int complete;

	if (h->state == SKIPPING)
		return skip(h, h->skip - 1);
	complete = take_varint(h, byte);
	if (complete <= 0)
		return complete;
	return h->state == AT_TAG ? begin_field(h) : h->state == AT_VALUE ? end_value(h) : skip(h, h->number);
}

enum outcome health_take(struct health *h, u8 byte)
{
	if (h->head_bytes < MESSAGE_HEAD)
		return take_head(h, byte);
	if (h->left == 0)
		return TRY_MESSAGES;
	h->left--;
	if (take_byte(h, byte) < 0)
		return TRY_MESSAGE;
	return h->left > 0 || (h->state == AT_TAG && h->number_bytes == 0 && h->depth == 0) ? TRY_OK : TRY_MESSAGE;
}

int health_is_whole(const struct health *h)
{
	return h->head_bytes == MESSAGE_HEAD && h->left == 0;
}
