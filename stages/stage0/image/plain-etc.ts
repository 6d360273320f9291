import { lstatSync } from 'node:fs';

/**
 * Whether /etc of these layers (lowest first) is what most images have: a directory of root's with mode 0755, or none at all.
 * Only then can a layer with an /etc of its own be laid on top without changing what is seen of the image's.
 */
export function hasPlainEtc(layers: readonly string[]): boolean {
  const top = layers
    .toReversed()
    .map((layer) => lstatSync(`${layer}/etc`, { throwIfNoEntry: false }))
    .find((stat) => stat !== undefined);
  return !top || (top.isDirectory() && (top.mode & 0o7777) === 0o755 && top.uid === 0 && top.gid === 0);
}
