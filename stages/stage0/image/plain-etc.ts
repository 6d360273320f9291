import { lstatSync } from 'node:fs';

/**
 * Whether /etc of these layers (lowest first) is as in most images: a directory owned by root with mode 0755, or missing. Only then
 * can a layer with its own /etc be placed on top without changing what is visible of the image's /etc.
 */
export function hasPlainEtc(layers: readonly string[]): boolean {
  const top = layers
    .toReversed()
    .map((layer) => lstatSync(`${layer}/etc`, { throwIfNoEntry: false }))
    .find((stat) => stat !== undefined);
  return !top || (top.isDirectory() && (top.mode & 0o7777) === 0o755 && top.uid === 0 && top.gid === 0);
}
