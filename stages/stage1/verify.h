/* The checks of a tape before it is played, called by program_load(). Each returns 1 when it passes, 0 when it does not. */
#ifndef POD_VERIFY_H
#define POD_VERIFY_H

#include "tape.h"

/* verify.c: first the header, then a program whose tables are known to be inside the image. */
int header_ok(const struct tape_header *h, size_t size);
int tapes_ok(const struct program *p);
/* True for a register of the program, and for -1. */
int reg_ok(const struct program *p, s32 reg);

/* verify-apps.c: called after tapes_ok(). */
int apps_ok(const struct program *p);

#endif
