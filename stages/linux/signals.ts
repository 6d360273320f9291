// signal(7). The numbers of x86_64 and aarch64; `os.constants.signals` would do, but loads slower than this table.

const SIGNALS = [
  'HUP',
  'INT',
  'QUIT',
  'ILL',
  'TRAP',
  'ABRT',
  'BUS',
  'FPE',
  'KILL',
  'USR1',
  'SEGV',
  'USR2',
  'PIPE',
  'ALRM',
  'TERM',
  'STKFLT',
  'CHLD',
  'CONT',
  'STOP',
  'TSTP',
  'TTIN',
  'TTOU',
  'URG',
  'XCPU',
  'XFSZ',
  'VTALRM',
  'PROF',
  'WINCH',
  'IO',
  'PWR',
  'SYS',
] as const;

/** Older names for the same signals, which images use. */
const OTHER_NAMES: Readonly<Record<string, string>> = { CLD: 'CHLD', IOT: 'ABRT', POLL: 'IO' };

/** The signals that programs may use; glibc reserves 32 and 33. */
const SIGRTMIN = 34;
const SIGRTMAX = 64;

/** All signals that have a name, with the prefix. */
export function signalNames(): string[] {
  return [...SIGNALS, 'RTMIN', 'RTMAX'].map((name) => `SIG${name}`);
}

/** `SIGTERM` for `TERM`, `term`, `SIGTERM` and `15`, `SIGRTMIN+3` for `37`; undefined when there is no such signal. */
export function signalName(text: string): string | undefined {
  const number = signalNumber(text);
  if (number === undefined) return undefined;
  if (number <= SIGNALS.length) return `SIG${SIGNALS[number - 1]}`;
  return number === SIGRTMIN ? 'SIGRTMIN' : `SIGRTMIN+${number - SIGRTMIN}`;
}

/** The number of `SIGTERM`, `term`, `15`, `SIGRTMIN+3` or `RTMAX-1`; undefined when there is no such signal. */
export function signalNumber(text: string): number | undefined {
  const number = /^\d+$/.test(text) ? Number(text) : numberOf(text.toUpperCase().replace(/^SIG/, ''));
  const isOne = (number >= 1 && number <= SIGNALS.length) || (number >= SIGRTMIN && number <= SIGRTMAX);
  return isOne ? number : undefined;
}

function numberOf(name: string): number {
  const realtime = /^RT(?:MIN(?<up>\+\d+)?|MAX(?<down>-\d+)?)$/.exec(name)?.groups;
  if (realtime)
    return (name.startsWith('RTMIN') ? SIGRTMIN : SIGRTMAX) + Number(realtime['up'] ?? realtime['down'] ?? 0);
  return (SIGNALS as readonly string[]).indexOf(OTHER_NAMES[name] ?? name) + 1;
}

/** asm-generic/signal-defs.h */
export const SIG_SETMASK = 2;
