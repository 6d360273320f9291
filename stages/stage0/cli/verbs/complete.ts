import { resolve } from 'node:path';
import { defaultRoot } from '../../pod/layout.ts';
import { offer } from '../complete/candidates.ts';
import { readLine } from '../complete/line.ts';
import type { Invocation, Verb } from '../verb.ts';

/** Not for people: what the scripts of `pod completion` ask, with the words of the line up to the cursor. */
export const verb: Verb = {
  name: '__complete',
  purpose: 'Prints what the last word may become, a candidate a line, then a line for the shell.',
  usage: ['pod __complete -- WORD…'],
  examples: [],
  flags: [],
  run: complete,
};

async function complete({ operands, terminal, verbs }: Invocation): Promise<number> {
  const line = await readLine(operands, verbs);
  const root = resolve(line.values.get('root') ?? defaultRoot());
  const { candidates, files } = offer(line, { root, verbs });
  const lines = candidates.map(({ value, help }) => (help === undefined ? value : `${value}\t${help}`));
  terminal.out([...lines, files ? ':files' : ':'].map((text) => `${text}\n`).join(''));
  return 0;
}
