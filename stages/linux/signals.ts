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

/** `SIGTERM` for `TERM`, `term`, `SIGTERM` and `15`; undefined when there is no such signal. */
export function signalName(text: string): string | undefined {
  if (/^\d+$/.test(text)) {
    const name = SIGNALS[Number(text) - 1];
    return name === undefined ? undefined : `SIG${name}`;
  }
  const name = text.toUpperCase().replace(/^SIG/, '');
  return (SIGNALS as readonly string[]).includes(name) ? `SIG${name}` : undefined;
}

/** First real-time signal that programs may use; glibc keeps 32 and 33 for itself. */
const SIGRTMIN = 34;

/** The number of `SIGTERM`, `term`, `15` or `SIGRTMIN+3`; undefined when there is no such signal. Images write all of them. */
export function signalNumber(text: string): number | undefined {
  const realtime = /^(?:SIG)?RTMIN(?:\+(\d+))?$/i.exec(text);
  const number = realtime ? SIGRTMIN + Number(realtime[1] ?? 0) : Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= 64) return number;
  const name = signalName(text);
  return name === undefined ? undefined : (SIGNALS as readonly string[]).indexOf(name.slice(3)) + 1;
}

/** asm-generic/signal-defs.h */
export const SIG_SETMASK = 2;
