import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { hashName } from './record.ts';
import { replaceFile, type Store, storeFailure } from './store.ts';

/** What an image says about itself, byte for byte: its digest proves the first of these, and each the next. */
export interface Documents {
  /** From the one that the image's digest is of to the one that names the manifest. */
  readonly indexes: readonly Buffer[];
  /** Absent for a docker archive, whose digest is that of the configuration. */
  readonly manifest?: Buffer;
  readonly config: Buffer;
}

/** Keeps them for the reference, in place of what it had; `undefined` for an image that has none. */
export function keepDocuments(store: Store, key: string, documents: Documents | undefined): void {
  const path = pathOf(store, key);
  if (documents === undefined) return rmSync(path, { force: true });
  const { indexes, manifest, config } = documents;
  const text = (bytes: Buffer): string => bytes.toString('base64');
  const kept = { indexes: indexes.map(text), ...(manifest && { manifest: text(manifest) }), config: text(config) };
  replaceFile(store, path, JSON.stringify(kept));
}

/** Of the image with this digest; undefined when nothing is kept of it: earlier versions kept nothing. */
export function readDocuments(store: Store, key: string, digest: string): Documents | undefined {
  const path = pathOf(store, key);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw storeFailure(`read "${path}"`, error);
  }
  const documents = decode(text);
  // They are written before the reference stands for their image, so they may be of the next one.
  return documents && digestOf(documentsOf(documents)[0]!) === digest ? documents : undefined;
}

export function hasDocuments(store: Store, key: string): boolean {
  return existsSync(pathOf(store, key));
}

/** In the order in which one proves the next. */
export function documentsOf({ indexes, manifest, config }: Documents): readonly Buffer[] {
  return [...indexes, ...(manifest ? [manifest] : []), config];
}

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function decode(text: string): Documents | undefined {
  try {
    const kept = JSON.parse(text) as { indexes: string[]; manifest?: string; config: string };
    const bytes = (encoded: string): Buffer => Buffer.from(encoded, 'base64');
    return {
      indexes: kept.indexes.map(bytes),
      ...(kept.manifest !== undefined && { manifest: bytes(kept.manifest) }),
      config: bytes(kept.config),
    };
  } catch {
    // Truncated by a power failure: as if it was not there.
    return undefined;
  }
}

function pathOf(store: Store, key: string): string {
  return `${store.documents}/${hashName(key)}.json`;
}
