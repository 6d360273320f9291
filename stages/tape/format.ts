// The binary format of a tape, as stages/stage1/tape.h declares it; docs/tape.md explains it.

import type { Purpose } from './program.ts';

export const MAGIC = 'PODTAPE\0';
export const VERSION = 6;
export const AUDIT_ARCH = { x86_64: 0xc000003e, aarch64: 0xc00000b7 } as const;

/** Size of an entry of each table, in bytes. */
export const SIZES = { header: 80, tape: 32, op: 64, reloc: 8, app: 128, dep: 8, probe: 64 } as const;

/** Offsets of the header fields that are filled in when a tape is bound. */
export const HEADER_AT = { size: 16, dataBytes: 68 } as const;

/** Alignment of items in the data section. */
export const ALIGN = 8;

export const ARG_KINDS = { immediate: 0, data: 1, register: 2 } as const;
export const NO_REG = 0xffff;
export const OP_HAND_OVER = 1;

/** In the order of enum purpose. */
export const PURPOSES: readonly Purpose[] = [
  'host',
  'base',
  'attach',
  'tree',
  'pod',
  'before',
  'start',
  'after',
  'exec',
  'cleanup',
  'settle',
  'hook',
  'probe',
  'serve',
  'enter',
  'born',
  'leaves',
  'link',
  'network',
];

/** Bits of an app's flags. */
export const APP_FLAGS = { terminal: 1, inputKept: 2, firstClient: 4 } as const;

/** In the order of the enums of tape.h. */
export const CONDITIONS: readonly string[] = ['started', 'completed', 'ready'];
export const RESTART_POLICIES: readonly string[] = ['never', 'on-failure', 'always'];
export const HOOK_NAMES = ['preStart', 'postStart', 'preStop', 'postStop'] as const;
export const PROBE_KINDS: readonly string[] = ['tape', 'connect', 'http', 'grpc'];
export const PROBE_ROLES = ['start', 'ready', 'live'] as const;
export const ANSWER_KINDS = [
  'get',
  'sign',
  'verify',
  'continue',
  'malformed',
  'forbidden',
  'unknown',
  'not-get',
  'not-post',
  'no-length',
  'too-large',
] as const;

export const LIMITS = {
  tapeBytes: 8388608,
  execTapeBytes: 524288,
  registers: 2048,
  apps: 64,
  tolerated: 4,
} as const;

/**
 * The descriptor of the close-on-exec report pipe in a process that is being launched: the first after standard input, output and
 * error.
 */
export const REPORT_FD = 3;

/** Size of `struct report` of stage1, which is written to that pipe: the tape, the op and the errno of the failure. */
export const REPORT_BYTES = 12;
