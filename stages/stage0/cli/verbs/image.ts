import { PodError } from '../../error.ts';
import { nearest } from '../../pod/nearest.ts';
import { type Invocation, outputFlag, type Verb } from '../verb.ts';

/** `rest`: the operands after the word. */
type Part = (invocation: Invocation, rest: readonly string[]) => Promise<number>;

const PARTS: Readonly<Record<string, () => Promise<Part>>> = {
  fetch: async () => (await import('../image/fetch.ts')).fetch,
  ls: async () => (await import('../image/ls.ts')).ls,
  inspect: async () => (await import('../image/inspect.ts')).inspect,
  tree: async () => (await import('../image/tree.ts')).tree,
  rm: async () => (await import('../image/rm.ts')).rm,
  gc: async () => (await import('../image/gc.ts')).gc,
};

/** In the contract, and to come. */
const LATER: ReadonlySet<string> = new Set(['verify', 'export', 'render']);

export const verb: Verb = {
  name: 'image',
  purpose: 'Fetches, lists, shows and removes images.',
  usage: [
    'pod image fetch REF… [-o FORMAT]',
    'pod image ls [-o FORMAT]',
    'pod image inspect REF [-o FORMAT]',
    'pod image tree REF [-o FORMAT]',
    'pod image rm REF…',
    'pod image gc [--dry-run] [-o FORMAT]',
  ],
  examples: [
    ['pod image fetch docker://docker.io/library/nginx:1.27', 'fetch what the tag stands for now; print its digest'],
    ['pod image ls', 'list the images that are here, with the pods that use them'],
    [
      'pod image rm docker://docker.io/library/nginx:1.27',
      'forget an image, and remove its layers that nothing else uses',
    ],
    [
      'pod image tree docker://docker.io/library/nginx:1.27',
      'show its layers from the base up, what made them, and how many other images have them',
    ],
    ['pod image gc', 'remove layers that no image and no pod uses any more'],
  ],
  flags: [{ name: 'dry-run', help: 'with gc: remove nothing' }, outputFlag()],
  notes: [
    'REF is a reference as in a manifest; relative paths start at the current directory.',
    'run, apply and the other verbs fetch an image only if it is not here yet. A tag stays what it stood for until fetch asks again.',
    'Layers that a pod uses stay, whether the pod runs or has exited.',
  ],
  completes: [Object.keys(PARTS), 'images'],
  run: image,
};

async function image(invocation: Invocation): Promise<number> {
  const [word, ...rest] = invocation.operands;
  const load = word !== undefined && Object.hasOwn(PARTS, word) ? PARTS[word] : undefined;
  if (!load) throw unknownPart(word);
  if (invocation.flags.has('dry-run') && word !== 'gc')
    throw new PodError('cli/usage', `--dry-run does not go with "pod image ${word}"`);
  return (await load())(invocation, rest);
}

function unknownPart(word: string | undefined): PodError {
  const words = Object.keys(PARTS);
  if (word === undefined) return new PodError('cli/usage', `what to do is missing: ${words.join(', ')}`);
  if (LATER.has(word)) return new PodError('cli/usage', `"pod image ${word}" is not supported yet`);
  const near = nearest(word, words);
  const hint = near === undefined ? `there are ${words.join(', ')}` : `did you mean "${near}"?`;
  return new PodError('cli/usage', `unknown "pod image ${word}"`, { hint });
}
