import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { PodError } from '../error.ts';
import { blobOfFile } from './blob.ts';
import { digestOfDockerArchive } from './docker-archive.ts';
import { digestOfOci } from './oci.ts';
import { type ImageReference, parseReference } from './reference.ts';
import { located, resolveCached, resolveImage } from './resolve.ts';
import type { ResolveOptions } from './types.ts';

/** The digest an image resolves to. Unpacks nothing except a compressed docker archive. Errors carry `options.at`. */
export async function digestOfImage(ref: string, options: ResolveOptions): Promise<string> {
  try {
    const reference = parseReference(ref, options.baseDir);
    const isAsked = options.asksRegistry === true && reference.kind === 'docker';
    const known = (isAsked ? undefined : recallDigest(ref, options)) ?? (await readDigest(reference));
    return known ?? (await resolveImage(ref, options)).digest;
  } catch (error) {
    throw located(error, options);
  }
}

function recallDigest(ref: string, options: ResolveOptions): string | undefined {
  try {
    return resolveCached(ref, options)?.digest;
  } catch (error) {
    // The store belongs to another user; the digest can be read from the image itself.
    if (error instanceof PodError && error.code === 'state/io') return undefined;
    throw error;
  }
}

async function readDigest(reference: ImageReference): Promise<string | undefined> {
  if (reference.kind === 'oci') return digestOfOci(reference.path, reference.tag);
  if (reference.kind === 'docker-archive') return digestOfDockerArchive(reference.path, reference.tag);
  if (reference.kind === 'tar') return digestOfFile(reference.path);
  if (reference.kind === 'aci') return (await import('./aci/archive.ts')).digestOfAci(reference.path);
  if (reference.kind === 'docker') return (await import('./registry/pull.ts')).digestInRegistry(reference.name, {});
  return undefined;
}

async function digestOfFile(path: string): Promise<string> {
  const blob = blobOfFile(path, `"${path}"`);
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(blob.path) as AsyncIterable<Buffer>) hash.update(chunk);
  return `sha256:${hash.digest('hex')}`;
}
