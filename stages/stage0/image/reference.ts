import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { PodError } from '../error.ts';
import { parseRegistryName, type RegistryName } from './registry/name.ts';

/** A parsed image reference; paths are absolute. */
export type ImageReference =
  | { readonly kind: 'host' }
  | { readonly kind: 'dir' | 'tar' | 'aci'; readonly path: string }
  | { readonly kind: 'oci' | 'docker-archive'; readonly path: string; readonly tag?: string }
  | { readonly kind: 'docker'; readonly name: RegistryName };

const FORMS = 'host, dir:PATH, tar:PATH, oci:PATH[:TAG], docker-archive:PATH[:NAME], aci:PATH, docker://HOST/REPO:TAG';

export function parseReference(ref: string, baseDir: string): ImageReference {
  if (ref === 'host') return { kind: 'host' };
  const colon = ref.indexOf(':');
  const scheme = colon < 0 ? '' : ref.slice(0, colon);
  const rest = ref.slice(colon + 1);
  if (scheme === 'docker' && rest.startsWith('//'))
    return { kind: 'docker', name: parseRegistryName(rest.slice('//'.length), ref) };
  if (!['dir', 'tar', 'aci', 'oci', 'docker-archive'].includes(scheme)) {
    throw new PodError('image/reference', `resolve image "${ref}": not an image reference`, {
      hint: `write one of: ${FORMS}`,
    });
  }
  if (rest === '' || rest.includes('\0'))
    throw new PodError('image/reference', `resolve image "${ref}": it names no path`);
  if (scheme === 'dir' || scheme === 'tar' || scheme === 'aci') return { kind: scheme, path: resolve(baseDir, rest) };
  return withTag(scheme as 'oci' | 'docker-archive', rest, baseDir);
}

/**
 * If the whole text is an existing path, there is no tag, whatever colons it contains; otherwise the first colon ends the path, as
 * in skopeo.
 */
function withTag(kind: 'oci' | 'docker-archive', rest: string, baseDir: string): ImageReference {
  const whole = resolve(baseDir, rest);
  const colon = rest.indexOf(':');
  if (colon < 0 || existsSync(whole)) return { kind, path: whole };
  return { kind, path: resolve(baseDir, rest.slice(0, colon)), tag: rest.slice(colon + 1) };
}
