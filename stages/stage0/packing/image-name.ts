import { parseReference } from '../image/reference.ts';

/** What an archive calls its image. */
export interface ImageName {
  /** HOST/REPO:TAG, for `docker load` and `podman load`. */
  readonly full?: string;
  /** The tag in a layout. */
  readonly tag?: string;
}

/** A repository with a tag, the host in front or not. */
const TAGGED = /^(?:[A-Za-z0-9.-]+(?::[0-9]+)?\/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*:([A-Za-z0-9_][A-Za-z0-9_.-]{0,127})$/;

/** By its reference. One that says a digest and no tag has none. */
export function nameOf(ref: string): ImageName {
  const reference = parseReference(ref, '/');
  if (reference.kind === 'docker') {
    const { host, repository, tag, digest } = reference.name;
    return digest === undefined ? { full: `${host}/${repository}:${tag}`, tag } : {};
  }
  if (reference.kind === 'docker-archive') return fullName(reference.tag ?? '');
  if (reference.kind === 'oci' && reference.tag !== undefined) return { tag: reference.tag };
  return {};
}

function fullName(name: string): ImageName {
  const tagged = TAGGED.exec(name) ? name : `${name}:latest`;
  const tag = TAGGED.exec(tagged)?.[1];
  return tag === undefined ? {} : { full: tagged, tag };
}
