/* xorshift64*: the same seed gives the same run on every machine. */
#ifndef POD_FUZZ_RANDOM_H
#define POD_FUZZ_RANDOM_H

#include <stdint.h>

/* One for all files of a program. */
__attribute__((weak)) uint64_t random_state = 1;

static inline void seed_random(uint64_t seed)
{
	random_state = seed * 0x9e3779b97f4a7c15u | 1;
}

static inline uint64_t random_bits(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return random_state * 0x2545f4914f6cdd1du;
}

static inline uint32_t random_below(uint32_t bound)
{
	return (uint32_t)(random_bits() >> 33) % bound;
}

#endif
