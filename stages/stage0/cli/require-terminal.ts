import { PodError } from '../error.ts';
import { isTerminal, STDOUT } from './terminal.ts';

/** A person at both ends: keys come from standard input, and what they do is seen on standard output. */
export function requireTerminal(): void {
  if (isTerminal(0) && isTerminal(STDOUT)) return;
  throw new PodError('cli/usage', 'an app with a terminal needs one of the caller: standard input or output is none', {
    hint: 'leave -i away to see it only, -t to have pipes',
  });
}
