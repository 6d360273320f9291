import { loadPart, type Parts } from '../parts.ts';
import { type Invocation, outputFlag, type Verb } from '../verb.ts';

const PARTS: Parts = {
  add: async () => (await import('../trust/add.ts')).add,
  ls: async () => (await import('../trust/ls.ts')).ls,
  rm: async () => (await import('../trust/rm.ts')).rm,
};

export const verb: Verb = {
  name: 'trust',
  purpose: 'Says whose signatures the images of registries need.',
  usage: ['pod trust add PREFIX KEYFILE…', 'pod trust ls [-o FORMAT]', 'pod trust rm PREFIX [KEY…]'],
  examples: [
    ['pod trust add ghcr.io/acme cosign.pub', 'run images below ghcr.io/acme only if that key has signed them'],
    ["pod trust add '*' release.pub", 'the same for every registry that has no keys of its own'],
    ['pod trust ls', 'list the keys'],
    ['pod trust rm ghcr.io/acme sha256:2b20bfe7bb76', 'trust a key no more'],
    ['pod trust rm ghcr.io/acme', 'images below it need no signature any more'],
  ],
  flags: [outputFlag()],
  notes: [
    'PREFIX is HOST[/PATH], or * for every registry. The longest prefix that an image is below decides. Without one, an image needs no signature.',
    'KEYFILE is a public key (PEM): ECDSA P-256, Ed25519, or RSA of 2048 bits or more. Signatures are those of cosign sign --key and of podman push --sign-by-sigstore-private-key, kept in the repository of the image.',
    'Images that are here already need a signature too: it is fetched when they are used next. Pods that exist are not affected.',
  ],
  completes: [Object.keys(PARTS), 'nothing', 'files'],
  run: trust,
};

async function trust(invocation: Invocation): Promise<number> {
  const [word, ...rest] = invocation.operands;
  return (await loadPart('trust', PARTS, word))(invocation, rest);
}
