/** Calls the machine knows besides the kernel's: see `docs/tape.md`. */
export const PSEUDO_CALLS = {
  /** (pointer, value): stores 32 bits. */
  'tape.store32': 0x8000,
  /** (pointer, value): stores 64 bits. */
  'tape.store64': 0x8001,
  /** (pointer): a negative 32-bit number there is the call's errno, as in struct nlmsgerr. */
  'tape.check32': 0x8002,
  /** (pointer, pointer, length): fails with ESTALE when the bytes differ. */
  'tape.equal': 0x8003,
  /** (key, length, uuid, length, listening socket, milliseconds): first on the tape `serve`, see `docs/tape.md`. */
  'tape.serve': 0x8004,
  /** (path, length, kind, answer, length of its head, length): the others on it. */
  'tape.answer': 0x8005,
} as const;
