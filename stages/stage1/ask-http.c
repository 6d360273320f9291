/* The status of an answer to a GET; no more than its first bytes are kept: RFC 9110, RFC 9112. */
#include "stage1.h"

enum {
	/* No other protocol was requested, so no answer follows this status. */
	SWITCHING = 101,
};

/* RFC 9110, 15.2: skips an interim response up to its empty line. Returns the number of bytes skipped. */
static u32 pass_over(struct probe *p, const u8 *text, u32 n)
{
	u32 i = 0;

	while (i < n && p->interim) {
		u8 byte = text[i++];

		if (byte == '\n') {
			p->interim = p->in_line;
			p->in_line = 0;
		} else if (byte != '\r') {
			p->in_line = 1;
		}
	}
	return i;
}

static int is_digit(u8 c)
{
	return c >= '0' && c <= '9';
}

static s32 status_in(const u8 *line)
{
	u8 end = line[STATUS_LINE - 1];
	s32 status = 0;

	for (u32 i = 9; i < STATUS_LINE - 1; i++) {
		if (!is_digit(line[i]))
			return -1;
		status = status * 10 + line[i] - '0';
	}
	/* Some servers omit the space before a reason that is empty. */
	return is_digit(line[7]) && line[8] == ' ' && status > 0 && (end == ' ' || end == '\r' || end == '\n') ? status : -1;
}

s32 answer_status(struct probe *p, const u8 *text, u32 n)
{
	static const char version[] = "HTTP/1.";
	s32 status;

	for (u32 i = pass_over(p, text, n); i < n; i += pass_over(p, text + i, n - i)) {
		p->kept[p->kept_bytes++] = text[i++];
		if (memcmp(p->kept, version, p->kept_bytes < 7 ? p->kept_bytes : 7) != 0)
			return -1;
		if (p->kept_bytes < STATUS_LINE)
			continue;
		status = status_in(p->kept);
		if (status < 100 || status >= 200 || status == SWITCHING)
			return status;
		p->interim = 1;
		p->in_line = p->kept[STATUS_LINE - 1] != '\n';
		p->kept_bytes = 0;
	}
	return 0;
}
