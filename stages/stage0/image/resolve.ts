import { join, resolve } from 'node:path';
import { PodError, PodErrors } from '../error.ts';
import type { ResolvedLayers } from './oci.ts';
import { hashName, type ImageRecord, isWhole, recall, recordKey, registryKey, remember, stampOf } from './record.ts';
import { type ImageReference, parseReference } from './reference.ts';
import { recallFetched } from './registry/fetched.ts';
import { createStore, type Store, storeAt, TempDir } from './store.ts';
import type { ResolvedImage, ResolveOptions } from './types.ts';

/**
 * The image on this machine, verified and unpacked. An image resolved before and unchanged since costs a few stat calls. Errors
 * carry `options.at`.
 */
export async function resolveImage(ref: string, options: ResolveOptions): Promise<ResolvedImage> {
  try {
    const cached = options.asksRegistry === true ? undefined : resolveCached(ref, options);
    if (cached) return cached;
    return { ref, ...(await resolveAnew(parseReference(ref, options.baseDir), options)) };
  } catch (error) {
    throw located(error, options);
  }
}

/** The same without waiting; undefined when something must be read or unpacked. */
export function resolveCached(ref: string, options: ResolveOptions): ResolvedImage | undefined {
  const reference = parseReference(ref, options.baseDir);
  const store = storeAt(resolve(options.storeDir));
  const image =
    reference.kind === 'docker'
      ? recallFetched(store, reference.name, options.digest)
      : recall(store, keyOf(reference), options.digest);
  return image && { ref, ...image };
}

/** Of what the store remembers for the reference. */
export function keyOf(reference: ImageReference): string {
  if (reference.kind === 'host') return recordKey('host');
  if (reference.kind === 'docker') return registryKey(reference.name);
  return recordKey(reference.kind, reference.path, 'tag' in reference ? reference.tag : undefined);
}

async function resolveAnew(reference: ImageReference, options: ResolveOptions): Promise<ImageRecord> {
  const store = createStore(resolve(options.storeDir));
  if (reference.kind === 'host' || reference.kind === 'dir') return resolveOnce(reference, store, options);
  // Seen by whoever removes layers that no record names, until a record names these.
  using _presence = TempDir.create(store);
  const image = await resolveOnce(reference, store, options);
  // It may have looked just before us, and taken a layer that was there when this began.
  return isWhole(image) ? image : await resolveOnce(reference, store, options);
}

async function resolveOnce(reference: ImageReference, store: Store, options: ResolveOptions): Promise<ImageRecord> {
  if (reference.kind === 'docker')
    return (await import('./registry/fetch.ts')).fetchImage(reference.name, store, options);
  const key = keyOf(reference);
  if (reference.kind === 'host') {
    const { resolveHost } = await import('./host.ts');
    const { stamps, ...image } = resolveHost(store);
    remember(store, key, stamps, image);
    return image;
  }
  const source = sourceOf(reference);
  // Taken before the first read, so that a source that changes meanwhile is read again next time.
  const stamps = { [source]: stampOf(source) };
  const { digest, config, layers, documents } = await resolveLayers(reference, store, options);
  const image = { digest, config, mounts: [{ target: '/', layers }] };
  (await import('./documents.ts')).keepDocuments(store, key, documents);
  remember(store, key, stamps, image);
  return image;
}

type SourceReference = Exclude<ImageReference, { kind: 'host' | 'docker' }>;

/** The path whose metadata show whether the image has changed; undefined for the host's system and for images of registries. */
export function sourceOf(reference: SourceReference): string;
export function sourceOf(reference: ImageReference): string | undefined;
export function sourceOf(reference: ImageReference): string | undefined {
  if (reference.kind === 'host' || reference.kind === 'docker') return undefined;
  return reference.kind === 'oci' ? join(reference.path, 'index.json') : reference.path;
}

/** Loads the code for each kind of source on demand. */
async function resolveLayers(
  reference: SourceReference,
  store: Store,
  options: ResolveOptions,
): Promise<ResolvedLayers> {
  const { kind, path } = reference;
  if (kind === 'dir') return (await import('./directory.ts')).resolveDirectory(path);
  if (kind === 'oci') return (await import('./oci.ts')).resolveOci(path, reference.tag, store, options);
  if (kind === 'docker-archive')
    return (await import('./docker-archive.ts')).resolveDockerArchive(path, reference.tag, store, options);
  if (kind === 'aci')
    return (await import('./aci/archive.ts')).resolveAci(path, `aci-${hashName(path)}`, store, options);
  return (await import('./archive.ts')).resolveTar(path, `tar-${hashName(path)}`, store, options);
}

/** Adds the position of the reference to an error without one. */
export function located(error: unknown, options: ResolveOptions): unknown {
  if (error instanceof PodErrors) return new PodErrors(error.errors.map((each) => located(each, options) as PodError));
  if (!(error instanceof PodError) || error.at !== undefined || options.at === undefined) return error;
  return new PodError(error.code, error.message, { hint: error.hint, at: options.at, cause: error.cause });
}
