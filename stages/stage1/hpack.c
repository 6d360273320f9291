/*
 * A header block: RFC 7541. Our SETTINGS allow no dynamic table, so a name or a field is a literal or in the static table.
 * Only two fields matter, and their values are decimal numbers: of the Huffman code, the digits and two names are enough.
 */
#include "grpc.h"

enum { AT_FIELD, IN_NUMBER, AT_NAME, IN_NAME, AT_VALUE, IN_VALUE };
enum { IS_FIELD, IS_TABLE_SIZE, IS_NAME, IS_NAME_LENGTH, IS_VALUE_LENGTH };
enum { OTHER_NAME, HTTP_STATUS_NAME, GRPC_STATUS_NAME };
enum {
	STATIC_FIELDS = 61,
	/* A longer number exceeds every limit. */
	MAX_SHIFT = 14,
	/* More digits than any status has, and too few to overflow. */
	MAX_DIGITS = 9,
	MAX_HUFFMAN = 5,
};

/* Appendix A: the fields from here on are all called ":status". */
enum { FIRST_STATUS = 8, LAST_STATUS = 14 };
static const u16 static_statuses[] = { 200, 204, 206, 304, 400, 404, 500 };

struct name {
	u8 name;
	u8 is_huffman;
	u8 length;
	u8 bytes[MAX_KEPT];
};

/* A text has only one Huffman code. */
static const struct name names[] = {
	{ HTTP_STATUS_NAME, 0, 7, ":status" },
	{ HTTP_STATUS_NAME, 1, 5, { 0xb8, 0x84, 0x8d, 0x36, 0xa3 } },
	{ GRPC_STATUS_NAME, 0, 11, { 'g', 'r', 'p', 'c', '-', 's', 't', 'a', 't', 'u', 's' } },
	{ GRPC_STATUS_NAME, 1, 8, { 0x9a, 0xca, 0xc8, 0xb2, 0x12, 0x34, 0xda, 0x8f } },
};

void hpack_begin(struct hpack *h)
{
	*h = (struct hpack){ .http_status = -1, .grpc_status = -1 };
}

int hpack_is_whole(const struct hpack *h)
{
	return h->state == AT_FIELD;
}

static void begin_string(struct hpack *h, u8 state)
{
	h->left = h->number;
	h->kept_bytes = 0;
	h->state = state;
}

static s32 plain_number(const u8 *digits, u32 n)
{
	s32 number = 0;

	if (n == 0 || n > MAX_DIGITS)
		return -1;
	for (u32 i = 0; i < n; i++) {
		if (digits[i] < '0' || digits[i] > '9')
			return -1;
		number = number * 10 + digits[i] - '0';
	}
	return number;
}

/* Appendix B: 0 to 2 are five bits, 00000 to 00010; 3 to 9 are six, 011001 to 011111. The last byte is filled with ones. */
static s32 huffman_number(const u8 *code, u32 n)
{
	u64 bits = ~0ull;
	u32 left = n * 8;
	s32 number = 0;

	if (n == 0 || n > MAX_HUFFMAN)
		return -1;
	for (u32 i = n; i > 0; i--)
		bits = bits >> 8 | (u64)code[i - 1] << 56;
	while (left >= 8 || bits != ~0ull) {
		u32 five = bits >> 59 < 3;
		u32 digit = five ? (u32)(bits >> 59) : (u32)(bits >> 58) - 0x16;
		u32 length = five ? 5 : 6;

		if (digit > 9 || (!five && digit < 3) || length > left)
			return -1;
		number = number * 10 + (s32)digit;
		bits = bits << length | ((1u << length) - 1);
		left -= length;
	}
	return number;
}

static void end_name(struct hpack *h)
{
	h->name = OTHER_NAME;
	for (u32 i = 0; i < ARRAY_SIZE(names); i++) {
		if (names[i].is_huffman == h->is_huffman && names[i].length == h->kept_bytes &&
		    memcmp(names[i].bytes, h->kept, h->kept_bytes) == 0)
			h->name = names[i].name;
	}
	h->state = AT_VALUE;
}

static void end_value(struct hpack *h)
{
	s32 number = h->is_huffman ? huffman_number(h->kept, h->kept_bytes) : plain_number(h->kept, h->kept_bytes);

	if (h->name == HTTP_STATUS_NAME)
		h->http_status = number;
	else if (h->name == GRPC_STATUS_NAME)
		h->grpc_status = number;
	h->state = AT_FIELD;
}

static void end_string(struct hpack *h)
{
	if (h->state == IN_NAME)
		end_name(h);
	else
		end_value(h);
}

static int is_status(u32 index)
{
	return index >= FIRST_STATUS && index <= LAST_STATUS;
}

static int end_number(struct hpack *h)
{
	u32 number = h->number;

	switch (h->number_is) {
	case IS_FIELD:
		if (number == 0 || number > STATIC_FIELDS)
			return -1;
		if (is_status(number))
			h->http_status = static_statuses[number - FIRST_STATUS];
		h->state = AT_FIELD;
		return 0;
	case IS_TABLE_SIZE:
		h->state = AT_FIELD;
		return number == 0 ? 0 : -1;
	case IS_NAME:
		h->name = is_status(number) ? HTTP_STATUS_NAME : OTHER_NAME;
		h->state = number == 0 ? AT_NAME : AT_VALUE;
		return number <= STATIC_FIELDS ? 0 : -1;
	default:
		begin_string(h, h->number_is == IS_NAME_LENGTH ? IN_NAME : IN_VALUE);
		if (h->left == 0)
			end_string(h);
		return 0;
	}
}

/* 5.1: the lowest bits of a byte; when all are set, more follows. */
static int begin_number(struct hpack *h, u8 byte, u32 bits, u8 number_is)
{
	u32 most = (1u << bits) - 1;

	h->number = byte & most;
	h->number_is = number_is;
	h->shift = 0;
	h->state = IN_NUMBER;
	return h->number < most ? end_number(h) : 0;
}

static int take_number(struct hpack *h, u8 byte)
{
	if (h->shift > MAX_SHIFT)
		return -1;
	h->number += (u32)(byte & 0x7f) << h->shift;
	h->shift += 7;
	return byte & 0x80 ? 0 : end_number(h);
}

static int begin_field(struct hpack *h, u8 byte)
{
	if (byte & 0x80)
		return begin_number(h, byte, 7, IS_FIELD);
	if (byte & 0x40)
		return begin_number(h, byte, 6, IS_NAME);
	if (byte & 0x20)
		return begin_number(h, byte, 5, IS_TABLE_SIZE);
	return begin_number(h, byte, 4, IS_NAME);
}

static void take_string(struct hpack *h, u8 byte)
{
	if (h->kept_bytes < MAX_KEPT)
		h->kept[h->kept_bytes] = byte;
	if (h->kept_bytes <= MAX_KEPT)
		h->kept_bytes++;
	if (--h->left == 0)
		end_string(h);
}

int hpack_take(struct hpack *h, u8 byte)
{
	switch (h->state) {
	case AT_FIELD:
		return begin_field(h, byte);
	case IN_NUMBER:
		return take_number(h, byte);
	case AT_NAME:
	case AT_VALUE:
		h->is_huffman = byte >> 7;
		return begin_number(h, byte, 7, h->state == AT_NAME ? IS_NAME_LENGTH : IS_VALUE_LENGTH);
	default:
		take_string(h, byte);
		return 0;
	}
}
