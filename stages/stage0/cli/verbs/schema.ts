import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PodError } from '../../error.ts';
import { packageDir } from '../package-dir.ts';
import type { Invocation, Verb } from '../verb.ts';

export const verb: Verb = {
  name: 'schema',
  purpose: 'Prints a JSON Schema (2020-12), for editors and other tools.',
  usage: ['pod schema [KIND]', 'pod schema --list'],
  examples: [
    ['pod schema', 'print the schema of a pod manifest'],
    ['pod schema --list', 'list the available kinds'],
  ],
  flags: [{ name: 'list', help: 'list the available kinds' }],
  run: schema,
};

const SUFFIX = '.schema.json';

function schema({ flags, operands, terminal }: Invocation): number {
  const dir = join(packageDir(), 'schemas');
  const kinds = readdirSync(dir).flatMap((name) => (name.endsWith(SUFFIX) ? [name.slice(0, -SUFFIX.length)] : []));
  if (flags.has('list')) {
    terminal.out(kinds.map((kind) => `${kind}\n`).join(''));
    return 0;
  }
  const wanted = operands[0] ?? 'pod.v1';
  const kind = kinds.find((one) => one === wanted || one.split('.')[0] === wanted.toLowerCase());
  if (kind === undefined) throw new PodError('cli/usage', `unknown kind "${wanted}": there are ${kinds.join(', ')}`);
  terminal.out(readFileSync(join(dir, `${kind}${SUFFIX}`), 'utf8'));
  return 0;
}
