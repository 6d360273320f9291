/* What an image must be before anything of it is played: program_load() asks all of it. Each is 1 when it is, 0 when it is not. */
#ifndef POD_VERIFY_H
#define POD_VERIFY_H

#include "tape.h"

/* verify.c: of the image, then of a program whose tables are known to lie in it. */
int header_ok(const struct tape_header *h, size_t size);
int tapes_ok(const struct program *p);
/* A register the program has, or -1. */
int reg_ok(const struct program *p, s32 reg);

/* verify-apps.c: after tapes_ok(). */
int apps_ok(const struct program *p);

#endif
