import { SIG_SETMASK } from '../../linux/signals.ts';
import type { DataRef, Tape } from '../../tape/program.ts';

/**
 * Ends an `enter` tape by executing another program in stage1's place; no pod is made. Of the environment, only `PATH` and `kept`
 * are passed on.
 */
export function planBecome(
  enter: Tape,
  argv: readonly [path: string, ...rest: string[]],
  why: string,
  kept: readonly string[] = [],
): void {
  enter.call('rt_sigprocmask', [SIG_SETMASK, enter.buffer(8), 0, 8], { why });
  const { PATH = '' } = process.env;
  const others = kept.filter((name) => process.env[name] !== undefined).map((name) => `${name}=${process.env[name]}`);
  const environment = strings(enter, [`PATH=${PATH}`, ...others]);
  enter.call('execve', [enter.text(argv[0]), strings(enter, argv), environment], { why });
}

function strings(tape: Tape, texts: readonly string[]): DataRef {
  return tape.bytes([...texts.map((text) => tape.text(text)), new Uint8Array(8)]);
}
