/* SHA-512 (FIPS 180-4) and HMAC (RFC 2104) with it. Nothing depends on a secret's value: no branches, no table lookups. */
#include "sha512.h"

/* The first 64 bits of the fractional parts of the cube roots of the first eighty primes. */
static const u64 round_constants[80] = {
	0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc,
	0x3956c25bf348b538, 0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118,
	0xd807aa98a3030242, 0x12835b0145706fbe, 0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2,
	0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235, 0xc19bf174cf692694,
	0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
	0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5,
	0x983e5152ee66dfab, 0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4,
	0xc6e00bf33da88fc2, 0xd5a79147930aa725, 0x06ca6351e003826f, 0x142929670a0e6e70,
	0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed, 0x53380d139d95b3df,
	0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
	0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30,
	0xd192e819d6ef5218, 0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8,
	0x19a4c116b8d2d0c8, 0x1e376c085141ab53, 0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8,
	0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3,
	0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
	0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b,
	0xca273eceea26619c, 0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178,
	0x06f067aa72176fba, 0x0a637dc5a2c898a6, 0x113f9804bef90dae, 0x1b710b35131c471b,
	0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc, 0x431d67c49c100d4c,
	0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
};

static u64 rotate_right(u64 x, int n)
{
	return x >> n | x << (64 - n);
}

static u64 big_endian(const u8 *from)
{
	u64 value = 0;

	for (int i = 0; i < 8; i++)
		value = value << 8 | from[i];
	return value;
}

/* Computes sixteen words of the message schedule at a time, in a ring. */
static void next_words(u64 *w)
{
	for (int i = 0; i < 16; i++) {
		u64 early = w[(i + 1) % 16];
		u64 late = w[(i + 14) % 16];

		w[i] += (rotate_right(early, 1) ^ rotate_right(early, 8) ^ early >> 7) + w[(i + 9) % 16] +
			(rotate_right(late, 19) ^ rotate_right(late, 61) ^ late >> 6);
	}
}

static void compress(u64 *state, const u8 *block)
{
	u64 w[16];
	u64 s[8];

	for (int i = 0; i < 16; i++)
		w[i] = big_endian(block + 8 * i);
	memcpy(s, state, sizeof(s));
	for (int i = 0; i < 80; i++) {
		u64 first;
		u64 second;

		if (i && i % 16 == 0)
			next_words(w);
		first = s[7] + (rotate_right(s[4], 14) ^ rotate_right(s[4], 18) ^ rotate_right(s[4], 41)) +
			((s[4] & s[5]) ^ (~s[4] & s[6])) + round_constants[i] + w[i % 16];
		second = (rotate_right(s[0], 28) ^ rotate_right(s[0], 34) ^ rotate_right(s[0], 39)) +
			 ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
		for (int k = 7; k > 0; k--)
			s[k] = s[k - 1];
		s[4] += first;
		s[0] = first + second;
	}
	for (int i = 0; i < 8; i++)
		state[i] += s[i];
}

static void begin(struct sha512 *h)
{
	/* The same for the square roots of the first eight primes. */
	static const u64 initial[8] = {
		0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
		0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
	};

	memcpy(h->state, initial, sizeof(initial));
	h->bytes = 0;
}

static void add(struct sha512 *h, const void *data, size_t size)
{
	const u8 *from = data;

	while (size > 0) {
		size_t filled = h->bytes % SHA512_BLOCK;
		size_t n = SHA512_BLOCK - filled < size ? SHA512_BLOCK - filled : size;

		memcpy(h->block + filled, from, n);
		h->bytes += n;
		from += n;
		size -= n;
		if (h->bytes % SHA512_BLOCK == 0)
			compress(h->state, h->block);
	}
}

static void end(struct sha512 *h, u8 *digest)
{
	static const u8 padding[SHA512_BLOCK] = { 0x80 };
	u64 bits = h->bytes * 8;
	/* Pads up to the last sixteen bytes of a block, which hold the length. */
	size_t pad = SHA512_BLOCK - (h->bytes + 16) % SHA512_BLOCK;
	u8 length[16] = { 0 };

	for (int i = 0; i < 8; i++)
		length[15 - i] = (u8)(bits >> 8 * i);
	add(h, padding, pad);
	add(h, length, sizeof(length));
	for (int i = 0; i < SHA512_DIGEST; i++)
		digest[i] = (u8)(h->state[i / 8] >> (56 - i % 8 * 8));
}

void hmac_sha512(const void *key, size_t key_size, const void *data, size_t size, u8 *mac)
{
	struct sha512 h;
	u8 pad[SHA512_BLOCK] = { 0 };

	if (key_size > SHA512_BLOCK) {
		begin(&h);
		add(&h, key, key_size);
		end(&h, pad);
	} else {
		memcpy(pad, key, key_size);
	}
	for (int i = 0; i < SHA512_BLOCK; i++)
		pad[i] ^= 0x36;
	begin(&h);
	add(&h, pad, sizeof(pad));
	add(&h, data, size);
	end(&h, mac);
	for (int i = 0; i < SHA512_BLOCK; i++)
		pad[i] ^= 0x36 ^ 0x5c;
	begin(&h);
	add(&h, pad, sizeof(pad));
	add(&h, mac, SHA512_DIGEST);
	end(&h, mac);
}

int same_bytes(const void *a, const void *b, size_t size)
{
	const volatile u8 *x = a;
	const volatile u8 *y = b;
	u8 difference = 0;

	for (size_t i = 0; i < size; i++)
		difference |= x[i] ^ y[i];
	return difference == 0;
}
