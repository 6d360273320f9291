import { PodError } from '../error.ts';
import { isTerminal, STDOUT } from './terminal.ts';

/** A person at both ends: keys come from standard input, and what they do is seen on standard output. */
export function requireTerminal(): void {
  if (isTerminal(0) && isTerminal(STDOUT)) return;
  throw new PodError('cli/usage', 'a terminal is needed here too: standard input or standard output is not one', {
    hint: 'without -i its output is shown only; without -t it has pipes instead of a terminal',
  });
}
