import { PodError } from '../../error.ts';
import { loadPart, type Parts } from '../parts.ts';
import { type Invocation, outputFlag, type Verb } from '../verb.ts';

const PARTS: Parts = {
  fetch: async () => (await import('../image/fetch.ts')).fetch,
  ls: async () => (await import('../image/ls.ts')).ls,
  inspect: async () => (await import('../image/inspect.ts')).inspect,
  tree: async () => (await import('../image/tree.ts')).tree,
  export: async () => (await import('../image/export.ts')).exportImage,
  render: async () => (await import('../image/render.ts')).renderTree,
  verify: async () => (await import('../image/verify.ts')).verify,
  rm: async () => (await import('../image/rm.ts')).rm,
  gc: async () => (await import('../image/gc.ts')).gc,
};

/** Flags that belong to one word. */
const OWNED: Readonly<Record<string, string>> = { 'dry-run': 'gc', 'output-file': 'export', all: 'verify' };

export const verb: Verb = {
  name: 'image',
  purpose: 'Fetches, shows, exports, verifies and removes images.',
  usage: [
    'pod image fetch REF… [-o FORMAT]',
    'pod image ls [-o FORMAT]',
    'pod image inspect REF [-o FORMAT]',
    'pod image tree REF [-o FORMAT]',
    'pod image export REF -O FILE',
    'pod image render REF DIR',
    'pod image verify REF… | --all [-o FORMAT]',
    'pod image rm REF…',
    'pod image gc [--dry-run] [-o FORMAT]',
  ],
  examples: [
    ['pod image fetch docker://docker.io/library/nginx:1.27', 'fetch what the tag stands for now; print its digest'],
    ['pod image ls', 'list the images that are here, with the pods that use them'],
    [
      'pod image tree docker://docker.io/library/nginx:1.27',
      'show its layers from the base up, what made them, and how many other images have them',
    ],
    [
      'pod image export docker://docker.io/library/nginx:1.27 -O nginx.tar',
      'write an archive; run it with "image: docker-archive:nginx.tar", or load it with podman or docker',
    ],
    ['pod image export oci:images/web:1 -O - | zstd > web.tar.zst', 'write it to standard output'],
    [
      'pod image render docker://docker.io/library/nginx:1.27 rootfs',
      'copy its files to a new directory, as a pod would see them',
    ],
    ['pod image verify --all', 'read all images again, and name each file that is not what it was'],
    [
      'pod image rm docker://docker.io/library/nginx:1.27',
      'forget an image, and remove its layers that nothing else uses',
    ],
    ['pod image gc', 'remove layers that no image and no pod uses any more'],
  ],
  flags: [
    { name: 'dry-run', help: 'with gc: remove nothing' },
    {
      name: 'output-file',
      short: 'O',
      value: 'FILE',
      isPath: true,
      help: 'with export: write the archive to FILE; - is standard output',
    },
    { name: 'all', help: 'with verify: verify every image' },
    outputFlag(),
  ],
  notes: [
    'REF is a reference as in a manifest; relative paths start at the current directory.',
    'run, apply and the other verbs fetch an image only if it is not here yet. A tag stays what it stood for until fetch asks again.',
    'export writes an image layout that is a docker archive too: uncompressed, with the layers packed again from their files, so their digests are new. render needs a directory that does not exist or is empty, and keeps owners, modes, attributes and hard links. verify unpacks the image once more from its source, beside the store, and compares all files; it exits with 1 if a file differs or the source cannot be read.',
    'Layers that a pod uses stay, whether the pod runs or has exited.',
  ],
  completes: [Object.keys(PARTS), 'images'],
  run: image,
};

async function image(invocation: Invocation): Promise<number> {
  const [word, ...rest] = invocation.operands;
  const part = await loadPart('image', PARTS, word);
  for (const [flag, owner] of Object.entries(OWNED)) {
    if (invocation.flags.has(flag) && word !== owner)
      throw new PodError('cli/usage', `--${flag} does not go with "pod image ${word}"`);
  }
  return part(invocation, rest);
}
