import { PodError } from '../error.ts';
import { checkDigest } from './config.ts';
import { arrayOf, objectOf, stringOf } from './json.ts';
import { ARCHITECTURE, describePlatform, type Platform, platformOf, runsHere } from './platform.ts';
import { corrupt } from './tar/fault.ts';

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform: Platform | undefined;
  readonly tag: string | undefined;
  /** Its name in messages. */
  readonly label: string;
}

const REF_NAME = 'org.opencontainers.image.ref.name';
/** More platforms than any image has are not listed. */
const MOST_NAMED = 20;
/** An index may name indexes, which name images. Deeper nesting has no use, and a cycle would never end. */
export const MAX_NESTING = 4;

export function isIndex(mediaType: string | undefined): boolean {
  return (
    mediaType === 'application/vnd.oci.image.index.v1+json' ||
    mediaType === 'application/vnd.docker.distribution.manifest.list.v2+json'
  );
}

export function parseDescriptor(value: unknown, path: string, what: string): Descriptor {
  const descriptor = objectOf(value, `"${path}", ${what}`);
  const digest = checkDigest(descriptor.digest, `"${path}", ${what}`);
  const label = `"${path}", ${what} ${digest.slice(0, 19)}`;
  const { size } = descriptor;
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0)
    throw corrupt(`read ${label}: ${JSON.stringify(size)} is not a size`);
  const annotations = objectOf(descriptor.annotations, label);
  return {
    mediaType: stringOf(descriptor.mediaType, label) ?? '',
    digest,
    size,
    platform: platformOf(descriptor.platform, label),
    tag: stringOf(annotations[REF_NAME], label),
    label,
  };
}

/** Chooses the image manifest for a tag (or no tag) and this machine. `load` reads and verifies a nested index. */
export function choose(
  top: unknown,
  tag: string | undefined,
  path: string,
  load: (descriptor: Descriptor) => unknown,
): Descriptor {
  let candidates = byTag(manifestsOf(top, path, `"${path}/index.json"`), tag, path);
  if (tag === undefined) requireOne(candidates, path);
  for (let depth = 0; depth < MAX_NESTING; depth++) {
    const chosen = byPlatform(candidates, path);
    if (!isIndex(chosen.mediaType)) return chosen;
    candidates = manifestsOf(load(chosen), path, chosen.label);
  }
  throw corrupt(`read "${path}": indexes are nested more than ${MAX_NESTING} deep`);
}

export function manifestsOf(index: unknown, path: string, label: string): readonly Descriptor[] {
  const object = objectOf(index, label);
  if (object.schemaVersion !== 2)
    throw corrupt(`read ${label}: schema version ${JSON.stringify(object.schemaVersion)}, not 2`);
  if (object.layers !== undefined || object.config !== undefined)
    throw corrupt(`read ${label}: it claims to be an image and an index at once`);
  return arrayOf(object.manifests, `${label}, "manifests"`).map((manifest) =>
    parseDescriptor(manifest, path, 'manifest'),
  );
}

function byTag(manifests: readonly Descriptor[], tag: string | undefined, path: string): readonly Descriptor[] {
  const tags = [...new Set(manifests.flatMap((manifest) => manifest.tag ?? []))].toSorted();
  const hint =
    tags.length > 0
      ? `it has: ${tags.map((name) => `oci:${path}:${name}`).join(', ')}`
      : 'none of its images has a tag; leave it out';
  // Without a tag: the only image, or "latest", as in docker.
  const wanted = tag ?? (tags.length > 1 && tags.includes('latest') ? 'latest' : undefined);
  if (wanted === undefined) {
    if (tags.length > 1)
      throw new PodError('image/reference', `read "${path}": it holds several images, and the reference has no tag`, {
        hint,
      });
    return manifests;
  }
  const found = manifests.filter((manifest) => manifest.tag === wanted);
  if (found.length === 0)
    throw new PodError('image/reference', `read "${path}": it holds no image "${wanted}"`, { hint });
  return found;
}

/**
 * Images copied into a layout without a tag are added to the existing ones, so with several candidates the intended one is unknown.
 */
function requireOne(candidates: readonly Descriptor[], path: string): void {
  const digests = new Map<string, string>();
  for (const { digest, platform } of candidates) {
    if (platform !== undefined && !runsHere(platform)) continue;
    const key = JSON.stringify(platform ?? null);
    if ((digests.get(key) ?? digest) !== digest) {
      throw new PodError('image/reference', `read "${path}": it holds several images without distinct tags`, {
        hint: 'copy each image with a tag of its own, and write oci:DIR:TAG',
      });
    }
    digests.set(key, digest);
  }
}

/** Prefers a manifest for this machine's platform to one without a platform; of several, the first, as the specification says. */
export function byPlatform(candidates: readonly Descriptor[], path: string): Descriptor {
  const stated = candidates.find(({ platform }) => platform !== undefined && runsHere(platform));
  const chosen = stated ?? candidates.find(({ platform }) => platform === undefined);
  if (chosen) return chosen;
  const all = [...new Set(candidates.map(({ platform }) => describePlatform(platform)))];
  const offered = all.slice(0, MOST_NAMED).join(', ') + (all.length > MOST_NAMED ? ', …' : '');
  throw new PodError('image/platform', `read "${path}": it has no image for linux/${ARCHITECTURE}`, {
    hint: offered === '' ? 'its index is empty' : `it has: ${offered}`,
  });
}
