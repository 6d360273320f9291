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
