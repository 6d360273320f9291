import { createHash } from 'node:crypto';
import { realpathSync, statSync } from 'node:fs';
import { PodError } from '../error.ts';
import { unreadable } from './blob.ts';
import { EMPTY_CONFIG } from './config.ts';
import type { ResolvedLayers } from './oci.ts';

/** A directory used in place: the only layer, shared and never written to. Its digest identifies the directory, not its content. */
export function resolveDirectory(path: string): ResolvedLayers {
  try {
    const real = realpathSync(path);
    const stat = statSync(real);
    if (!stat.isDirectory()) throw new PodError('image/reference', `read "${path}": not a directory`);
    const digest = `sha256:${createHash('sha256').update(`dir\0${stat.dev}:${stat.ino}\0${real}`).digest('hex')}`;
    return { digest, config: EMPTY_CONFIG, layers: [real] };
  } catch (error) {
    throw error instanceof PodError ? error : unreadable(`"${path}"`, error);
  }
}
