/* SHA-512 and HMAC, for the signatures of the metadata service. */
#ifndef POD_SHA512_H
#define POD_SHA512_H

#include "sys.h"

enum { SHA512_BLOCK = 128, SHA512_DIGEST = 64 };

struct sha512 {
	u64 state[8];
	u64 bytes;
	u8 block[SHA512_BLOCK];
};

/* HMAC-SHA-512 of data; mac gets SHA512_DIGEST bytes. */
void hmac_sha512(const void *key, size_t key_size, const void *data, size_t size, u8 *mac);

/* Compares in constant time. Returns 1 when the bytes are the same. */
int same_bytes(const void *a, const void *b, size_t size);

#endif
