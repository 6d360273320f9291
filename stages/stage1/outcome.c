/* The words of the journal for the result of a try; stages/stage0/pod/outcome.ts explains them. */
#include "stage1.h"

void put_outcome(struct text *t, enum outcome outcome)
{
	static const char words[OUTCOMES][12] = {
		[TRY_OK] = "ok",
		[TRY_ERRNO] = "errno",
		[TRY_TIMEOUT] = "timeout",
		[TRY_EXIT] = "exit",
		[TRY_SIGNAL] = "signal",
		[TRY_CLOSED] = "closed",
		[TRY_CUT] = "cut",
		[TRY_ANSWER] = "answer",
		[TRY_LONG] = "long",
		[TRY_STATUS] = "status",
		[TRY_HEALTH] = "health",
		[TRY_GRPC] = "grpc",
		[TRY_RESET] = "reset",
		[TRY_GOAWAY] = "goaway",
		[TRY_HTTP1] = "http1",
		[TRY_TLS] = "tls",
		[TRY_SIZE] = "size",
		[TRY_FRAME] = "frame",
		[TRY_ORDER] = "order",
		[TRY_HEADERS] = "headers",
		[TRY_FLOOD] = "flood",
		[TRY_NOT_GRPC] = "not-grpc",
		[TRY_COMPRESSED] = "compressed",
		[TRY_MESSAGE] = "message",
		[TRY_MESSAGES] = "messages",
		[TRY_NO_MESSAGE] = "no-message",
		[TRY_NO_CODE] = "no-code",
	};
	const char *word = words[outcome];
	size_t length = 0;

	while (length < sizeof(words[0]) && word[length])
		length++;
	put_literal(t, ",\"outcome\":\"");
	put_string(t, word, length);
	put_literal(t, "\"");
}
