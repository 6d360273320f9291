import { basename } from 'node:path';
import { PodError, podErrorsOf } from '../error.ts';
import { parseConfigFile } from '../image/config.ts';
import { digestOf, documentsOf } from '../image/documents.ts';
import { configObject, describeLayers } from '../image/history.ts';
import { readNotes } from '../image/notes.ts';
import { resolveImage } from '../image/resolve.ts';
import { type Store, storeAt, TempDir } from '../image/store.ts';
import type { ResolvedImage } from '../image/types.ts';
import { compareTrees, type Difference } from './compare-trees.ts';
import { inTurns } from './in-turns.ts';
import { type ImageTicket, layerName, openStored, type StoredImage } from './stored-image.ts';

/** A difference in a layer, or in what the store knows of the image (`layer` null). */
export interface ImageDifference extends Difference {
  readonly layer: string | null;
}

export interface Verdict {
  readonly ref: string;
  readonly digest: string;
  /**
   * `intact`: every file is what the digests say. `in-place`: there is no digest of its files. `unproven`: nothing was found, and
   * its source could not be read; `reason` says why.
   */
  readonly state: 'intact' | 'damaged' | 'unproven' | 'in-place';
  readonly differences: readonly ImageDifference[];
  readonly reason?: string;
}

/**
 * Reads all of the image that the store keeps. The unpacked files are compared with those of its source, unpacked once more beside
 * the store and verified against the digests on the way, as at the first time. `ids`: as in `ResolveOptions`.
 */
export async function verifyImage(ticket: ImageTicket, signal: AbortSignal, ids?: number): Promise<Verdict> {
  const { ref, digest } = ticket;
  if (ref === 'host' || ref.startsWith('dir:')) return { ref, digest, state: 'in-place', differences: [] };
  const image = openStored(ticket, 'verify');
  const differences = [...compareDocuments(image)];
  using temp = TempDir.create(image.store);
  const freshDir = `${temp.path}/store`;
  const fresh = await resolveFresh(image, freshDir, signal, ids);
  const reason = fresh instanceof PodError ? fresh.message : fresh.digest === digest ? undefined : movedOn(fresh);
  if (!(fresh instanceof PodError) && reason === undefined)
    differences.push(...(await compareLayers(image, storeAt(freshDir), fresh, signal)));
  const state = differences.length > 0 ? 'damaged' : reason === undefined ? 'intact' : 'unproven';
  return { ref, digest, state, differences, ...(reason !== undefined && { reason }) };
}

function movedOn({ ref, digest }: ResolvedImage): string {
  return `"${ref}" is another image by now, ${digest}`;
}

/** In a store of its own. An image of a registry is asked for by its digest. */
async function resolveFresh(
  { ref, digest }: StoredImage,
  storeDir: string,
  signal: AbortSignal,
  ids: number | undefined,
): Promise<ResolvedImage | PodError> {
  try {
    return await resolveImage(ref, { storeDir, baseDir: '/', digest, signal, ...(ids !== undefined && { ids }) });
  } catch (error) {
    signal.throwIfAborted();
    const [first] = podErrorsOf(error);
    return first!;
  }
}

async function compareLayers(
  image: StoredImage,
  freshStore: Store,
  fresh: ResolvedImage,
  signal: AbortSignal,
): Promise<ImageDifference[]> {
  const [wanted, there] = [fresh, image].map(({ mounts }) => mounts.flatMap(({ layers }) => layers));
  const names = (layers: readonly string[]): string => layers.map((layer) => basename(layer).slice(0, 12)).join(' ');
  const all = differ(null, 'layers', names(wanted!), names(there!));
  if (all.length > 0) return all;
  for (const [index, directory] of wanted!.entries()) {
    const layer = basename(directory);
    const found: Difference[] = [];
    await inTurns(compareTrees(directory, there![index]!, found), signal);
    all.push(...found.map((difference) => ({ layer, ...difference })), ...compareNotes(image.store, freshStore, layer));
  }
  return all;
}

function compareNotes(store: Store, freshStore: Store, layer: string): ImageDifference[] {
  const fresh = readNotes(freshStore, layer);
  const kept = readNotes(store, layer);
  // Earlier versions did not note the size.
  const told = fresh && kept?.sizeBytes === undefined ? { ...fresh, sizeBytes: undefined } : fresh;
  return differ(layer, 'notes', JSON.stringify(told ?? null), JSON.stringify(kept ?? null));
}

/** Each proves the next, and the last names the layers. The first is proven by the image's digest: it is not read otherwise. */
function* compareDocuments(image: StoredImage): Generator<ImageDifference> {
  const { documents, store, ref, isDocumented } = image;
  // Earlier versions kept none.
  if (!documents) return yield* isDocumented ? differ(null, 'documents', image.digest, 'something else') : [];
  const chain = documentsOf(documents);
  for (const [index, document] of chain.entries()) {
    if (index > 0 && !chain[index - 1]!.includes(digestOf(document)))
      yield* differ(
        null,
        index === chain.length - 1 ? 'configuration' : 'manifest',
        'what names it',
        digestOf(document),
      );
  }
  const own = new Set(describeLayers(documents, `"${ref}"`).map(({ diffId }) => diffId.replace('sha256:', '')));
  const names = image.mounts.flatMap(({ layers }) => layers).flatMap((layer) => layerName(store, layer) ?? []);
  for (const name of names.filter((layer) => readNotes(store, layer) && !own.has(layer)))
    yield* differ(null, 'layers', 'those of its configuration', name);
  const { config } = parseConfigFile(configObject(documents, `"${ref}"`), `"${ref}"`);
  yield* differ(null, 'configuration', JSON.stringify(config), JSON.stringify(image.config));
}

function differ(layer: string | null, what: string, expected: string, found: string): ImageDifference[] {
  return expected === found ? [] : [{ layer, path: '-', what, expected, found }];
}
