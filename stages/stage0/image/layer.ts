import type { Hash } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { Blob } from './blob.ts';
import { Budget } from './budget.ts';
import { openDecompressed } from './decompress.ts';
import { type LayerNotes, writeNotes } from './notes.ts';
import { type Store, StoreLock, TempDir } from './store.ts';
import type { TarLimits, TarSink } from './tar/entry.ts';
import { corrupt } from './tar/fault.ts';
import { TarReader } from './tar/reader.ts';
import type { ResolveOptions } from './types.ts';
import { OPAQUE, USER_OPAQUE } from './unpack/directories.ts';
import { imageFaults } from './unpack/failure.ts';
import { LayerWriter } from './unpack/layer-writer.ts';
import { OwnedSink } from './unpack/owned-sink.ts';
import { Writeback } from './writeback.ts';

/** An archive that becomes one layer, with its expected digests if known. */
export interface LayerSource {
  readonly blob: Blob;
  /** `sha256:…` of the stored bytes. */
  readonly digest?: string;
  /** `sha256:…` of the uncompressed archive, after which the layer in the store is named. */
  readonly diffId?: string;
  /** Brings the blob's file, which stays until the result is disposed of; not called when the layer is there already. */
  readonly fetch?: (signal: AbortSignal | undefined) => Promise<Disposable>;
  /** Absent: the archive is a root file system. */
  readonly form?: LayerForm;
}

/** How an archive becomes a layer that holds more than a root file system. */
export interface LayerForm {
  /** Of the uncompressed archive. It is the digest of the layer. */
  readonly hash: 'sha512';
  /** One archive in two forms is two layers. */
  readonly name: string;
  /** Passes on what belongs to the root file system. */
  readonly open: (layer: TarSink) => FormSink;
}

export interface FormSink extends TarSink {
  /** Call it after the last entry. */
  readonly finish: () => void;
}

export interface UnpackedLayer {
  /** Hexadecimal. */
  readonly diffId: string;
  readonly digest: string;
}

export const LIMITS: TarLimits = { maxEntries: 2_000_000, maxMetaBytes: 1024 * 1024 };

export function layerPath(store: Store, diffId: string): string {
  return `${store.layers}/${diffId.replace('sha256:', '')}`;
}

/** The attribute that marks a directory as opaque. */
export function opaqueMark({ ids }: Pick<ResolveOptions, 'ids'>): string {
  return ids === undefined ? OPAQUE : USER_OPAQUE;
}

/**
 * Unpackings in progress in this process, by layer directory: two apps of one pod that share a layer must not wait for each other's
 * lock.
 */
const underWay = new Map<string, Promise<UnpackedLayer>>();

/** Makes sure that the layer is in the store. It is unpacked once, however many processes request it at the same time. */
export async function ensureLayer(
  store: Store,
  source: LayerSource,
  lockName: string,
  options: ResolveOptions,
): Promise<UnpackedLayer> {
  if (source.diffId !== undefined && existsSync(layerPath(store, source.diffId))) return known(source);
  const key = `${store.dir}\0${lockName}`;
  for (let other = underWay.get(key); other; other = underWay.get(key)) {
    try {
      return await other;
    } catch {
      // The unpacking failed or was cancelled, which its requester is told. Try it here, under our own signal.
      options.signal?.throwIfAborted();
    }
  }
  const mine = unpackLocked(store, source, lockName, options).finally(() => underWay.delete(key));
  underWay.set(key, mine);
  return mine;
}

function known(source: LayerSource): UnpackedLayer {
  return { diffId: source.diffId!, digest: source.digest ?? source.diffId! };
}

async function unpackLocked(
  store: Store,
  source: LayerSource,
  lockName: string,
  options: ResolveOptions,
): Promise<UnpackedLayer> {
  using _lock = await StoreLock.acquire(store, lockName, options.signal);
  // Another process may have made the layer during the wait.
  if (source.diffId !== undefined && existsSync(layerPath(store, source.diffId))) return known(source);
  using _fetched = await source.fetch?.(options.signal);
  using temp = TempDir.create(store);
  const writeback = new Writeback(temp.fd, source.blob.label);
  try {
    const { notes, ...layer } = await unpackInto(temp.fd, source, options, writeback);
    writeNotes(store, layer.diffId.replace('sha256:', ''), notes);
    await writeback.finish();
    temp.publish(layerPath(store, layer.diffId));
    options.onProgress?.({ kind: 'done', digest: layer.digest });
    return layer;
  } finally {
    await writeback.settle();
  }
}

async function unpackInto(
  rootFd: number,
  source: LayerSource,
  options: ResolveOptions,
  writeback: Writeback,
): Promise<UnpackedLayer & { readonly notes: LayerNotes }> {
  const { createHash } = await import('node:crypto');
  const { blob, form } = source;
  const stored = createHash('sha256');
  const plain = createHash(form?.hash ?? 'sha256');
  const budget = new Budget(blob, rootFd);
  const { ids } = options;
  using writer = new LayerWriter(rootFd, imageFaults(blob.label), undefined, opaqueMark(options));
  const sink = ids === undefined ? writer : new OwnedSink(writer, ids, blob.label);
  const formed = form?.open(sink);
  const reader = new TarReader(blob.label, formed ?? sink, LIMITS);
  let doneBytes = 0;
  let sizeBytes = 0;
  const onRaw = (chunk: Buffer): void => {
    stored.update(chunk);
    doneBytes += chunk.length;
    options.onProgress?.({
      kind: 'layer',
      digest: source.digest ?? source.diffId ?? blob.label,
      doneBytes,
      totalBytes: blob.size,
    });
  };
  for await (const chunk of openDecompressed(blob, onRaw)) {
    options.signal?.throwIfAborted();
    budget.spend(chunk.length);
    sizeBytes += chunk.length;
    plain.update(chunk);
    reader.write(chunk);
    writeback.wrote(chunk.length);
  }
  reader.finish();
  formed?.finish();
  const layer = form
    ? nameOf(form, plain.digest('hex'), createHash('sha256'))
    : { digest: finish(stored), diffId: finish(plain) };
  verify(source, layer);
  writer.finish();
  return { ...layer, notes: { ...writer.notes(), sizeBytes } };
}

function nameOf({ hash, name }: LayerForm, hex: string, nameHash: Hash): UnpackedLayer {
  return { digest: `${hash}:${hex}`, diffId: finish(nameHash.update(`${name}\0${hex}`)) };
}

function finish(hash: Hash): string {
  return `sha256:${hash.digest('hex')}`;
}

function verify(source: LayerSource, layer: UnpackedLayer): void {
  const { label } = source.blob;
  if (source.digest !== undefined && source.digest !== layer.digest) {
    throw corrupt(`verify ${label}: its digest should be ${source.digest}, and is ${layer.digest}`);
  }
  if (source.diffId !== undefined && source.diffId !== layer.diffId) {
    throw corrupt(`verify ${label}: uncompressed, its digest should be ${source.diffId}, and is ${layer.diffId}`);
  }
}
