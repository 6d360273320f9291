import { PodError } from '../../error.ts';
import { type Blob, blobOfFile } from '../blob.ts';
import { Budget } from '../budget.ts';
import { openDecompressed } from '../decompress.ts';
import { parseJson } from '../json.ts';
import { ensureLayer, layerPath, type LayerForm, LIMITS, opaqueMark } from '../layer.ts';
import type { ResolvedLayers } from '../oci.ts';
import { settleLayers } from '../settle.ts';
import type { Store } from '../store.ts';
import { TarReader } from '../tar/reader.ts';
import type { ResolveOptions } from '../types.ts';
import { parseAciManifest } from './manifest.ts';
import { ManifestFinder, RootFiles } from './members.ts';

/**
 * An App Container Image: one archive with a manifest and the files of one layer. The digest is the image ID, in the notation of other
 * digests: the sha512 of the uncompressed archive. `lockName` is unique to the path.
 */
export async function resolveAci(
  path: string,
  lockName: string,
  store: Store,
  options: ResolveOptions,
): Promise<ResolvedLayers> {
  const blob = blobOfFile(path, `"${path}"`);
  const bytes = await readManifest(blob, options.signal);
  const label = `${blob.label}, "manifest"`;
  const { config, pathWhitelist } = parseAciManifest(parseJson(bytes, label), label);
  const form = {
    hash: 'sha512',
    name: 'pod aci layer 1',
    open: (layer) => new RootFiles(blob.label, layer, bytes, pathWhitelist),
  } as const satisfies LayerForm;
  const layer = await ensureLayer(store, { blob, form }, lockName, options);
  const layers = settleLayers(store, [layerPath(store, layer.diffId)], opaqueMark(options));
  return { digest: layer.digest, config, layers };
}

/** The digest that `resolveAci` would resolve to, without unpacking anything. */
export async function digestOfAci(path: string): Promise<string> {
  const { createHash } = await import('node:crypto');
  const hash = createHash('sha512');
  for await (const chunk of decompress(blobOfFile(path, `"${path}"`))) hash.update(chunk);
  return `sha512:${hash.digest('hex')}`;
}

/**
 * Reads as far as the manifest, which tools write first: whether the files are wanted, and which of them, must be known before they are
 * unpacked.
 */
async function readManifest(blob: Blob, signal: AbortSignal | undefined): Promise<Buffer> {
  const finder = new ManifestFinder(blob.label);
  const reader = new TarReader(blob.label, finder, LIMITS);
  for await (const chunk of decompress(blob)) {
    signal?.throwIfAborted();
    reader.write(chunk);
    if (finder.bytes || reader.ended) break;
  }
  if (finder.bytes) return finder.bytes;
  reader.finish();
  throw new PodError('image/reference', `read ${blob.label}: it holds no "manifest", so it is not an ACI`, {
    hint: 'an archive of a root file system alone is tar:PATH',
  });
}

async function* decompress(blob: Blob): AsyncGenerator<Buffer> {
  const budget = new Budget(blob);
  for await (const chunk of openDecompressed(blob, () => undefined)) {
    budget.spend(chunk.length);
    yield chunk;
  }
}
