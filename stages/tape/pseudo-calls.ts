/** Calls that the machine implements in addition to the kernel's: see `docs/tape.md`. */
export const PSEUDO_CALLS = {
  /** (pointer, value): stores 32 bits. */
  'tape.store32': 0x8000,
  /** (pointer, value): stores 64 bits. */
  'tape.store64': 0x8001,
  /** (pointer): fails when the 32-bit number there is negative, with that number as the errno, as in struct nlmsgerr. */
  'tape.check32': 0x8002,
  /** (pointer, pointer, length): fails with ESTALE when the bytes differ. */
  'tape.equal': 0x8003,
  /** (key, length, uuid, length, listening socket, milliseconds): the first op of the tape `serve`, see `docs/tape.md`. */
  'tape.serve': 0x8004,
  /** (path, length, kind, answer, length of its head, length): every other op of that tape. */
  'tape.answer': 0x8005,
} as const;
