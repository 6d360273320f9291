import { PodError } from '../error.ts';
import { isTerminal, STDOUT } from './terminal.ts';

/** A person at both ends: keys come from standard input, and what they do is seen on standard output. */
export function requireTerminal(): void {
  if (isTerminal(0) && isTerminal(STDOUT)) return;
  throw new PodError(
    'cli/usage',
    'the caller needs a terminal too: standard input or standard output is not a terminal',
    {
      hint: 'without -i, only output is shown; without -t, the app has pipes instead of a terminal',
    },
  );
}
