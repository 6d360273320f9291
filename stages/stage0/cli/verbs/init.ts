import { existsSync, writeFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { PodError, PodErrors } from '../../error.ts';
import { parseManifest } from '../../manifest/parse.ts';
import { starterManifest } from '../starter-manifest.ts';
import type { Invocation, Verb } from '../verb.ts';

export const verb: Verb = {
  name: 'init',
  purpose: 'Writes a manifest to begin with.',
  usage: ['pod init [--name N] [--image REF] [FILE|-]'],
  examples: [
    ['pod init', 'write NAME.pod.yaml, with the name of this folder'],
    ['pod init web.pod.yaml --image docker://docker.io/library/nginx:1.27', 'a pod named web with that image'],
    ['pod init - --name web', 'print the manifest'],
  ],
  flags: [
    { name: 'name', value: 'N', help: 'the name of the pod; default: that of the file, or of the folder' },
    { name: 'image', value: 'REF', completes: 'images', help: 'the image of its app; default: host' },
  ],
  notes: ['A file that exists is left as it is, and is an error.'],
  completes: ['files', 'nothing'],
  run: init,
};

function init({ operands, flags, terminal, isQuiet }: Invocation): number {
  const [given, more] = operands;
  if (more !== undefined) throw new PodError('cli/usage', `unexpected argument "${more}"`);
  const name = flags.value('name') ?? nameFor(given === '-' ? undefined : given);
  const path = given ?? `${name}.pod.yaml`;
  const text = starterManifest(name, flags.value('image'));
  const { errors } = parseManifest(text, path, { baseDir: dirname(resolve(path)) });
  if (errors.length > 0) throw new PodErrors(errors);
  if (path === '-') {
    terminal.out(text);
    return 0;
  }
  write(path, text);
  if (!isQuiet) terminal.out(`${path}\n`);
  return 0;
}

/** Of the file, or of the folder, with what no name may have left out. */
function nameFor(path: string | undefined): string {
  const from = path === undefined ? basename(resolve('.')) : basename(path).replace(/(\.pod)?\.(ya?ml|json)$/, '');
  const name = from
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 63);
  return name === '' ? 'pod' : name;
}

function write(path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: 'wx' });
  } catch (error) {
    const hint = existsSync(path) ? 'choose another name, or remove it first' : undefined;
    throw new PodError('manifest/unreadable', `write "${path}": ${(error as Error).message}`, { hint, cause: error });
  }
}
