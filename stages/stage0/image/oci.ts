import { join } from 'node:path';
import { PodError } from '../error.ts';
import { type Blob, blobOfFile } from './blob.ts';
import { checkDigest } from './config.ts';
import { digestOf, type Documents } from './documents.ts';
import { objectOf, parseJson, readJsonBytes } from './json.ts';
import { ensureLayers, type KnownLayer } from './layers.ts';
import { configOf, partsOf } from './oci-manifest.ts';
import { choose, type Descriptor } from './oci-select.ts';
import type { Store } from './store.ts';
import { corrupt } from './tar/fault.ts';
import type { ImageConfig, ResolveOptions } from './types.ts';

/** The common result for every kind of image. */
export interface ResolvedLayers {
  readonly digest: string;
  readonly config: ImageConfig;
  /** Absolute paths, lowest first. */
  readonly layers: readonly string[];
  /** Absent where there are none: an archive or a directory of files. */
  readonly documents?: Documents;
}

/** The digest that `resolveOci` would resolve to, without unpacking anything. */
export function digestOfOci(path: string, tag: string | undefined): string {
  const descriptor = chooseManifest(path, tag);
  readVerified(path, descriptor);
  return descriptor.digest;
}

/** Resolves an image of a layout directory: https://github.com/opencontainers/image-spec/blob/main/image-layout.md */
export async function resolveOci(
  path: string,
  tag: string | undefined,
  store: Store,
  options: ResolveOptions,
): Promise<ResolvedLayers> {
  return resolveManifest(path, chooseManifest(path, tag), store, options);
}

function chooseManifest(path: string, tag: string | undefined): Descriptor {
  const layout = objectOf(
    readJson(blobOfFile(join(path, 'oci-layout'), `"${path}/oci-layout"`)),
    `"${path}/oci-layout"`,
  );
  if (layout.imageLayoutVersion !== '1.0.0') {
    throw new PodError(
      'image/reference',
      `read "${path}": an OCI layout of version ${JSON.stringify(layout.imageLayoutVersion)}, not "1.0.0"`,
    );
  }
  const top = readJson(blobOfFile(join(path, 'index.json'), `"${path}/index.json"`));
  return choose(top, tag, path, (nested) => parseJson(readVerified(path, nested), nested.label));
}

async function resolveManifest(
  path: string,
  descriptor: Descriptor,
  store: Store,
  options: ResolveOptions,
): Promise<ResolvedLayers> {
  const manifest = readVerified(path, descriptor);
  const parts = partsOf(parseJson(manifest, descriptor.label), path, descriptor.label);
  const config = readVerified(path, parts.config);
  const file = configOf(config, parts);
  const sources = parts.layers.map((layer, index): KnownLayer => ({
    blob: blobOf(path, layer),
    digest: layer.digest,
    diffId: file.diffIds[index]!,
  }));
  return {
    digest: descriptor.digest,
    config: file.config,
    layers: await ensureLayers(store, sources, descriptor.label, options),
    documents: { indexes: [], manifest, config },
  };
}

/** The digest has been checked to be hex, so the file name made from it cannot lead elsewhere. */
function blobOf(path: string, descriptor: Descriptor): Blob {
  const blob = blobOfFile(join(path, 'blobs/sha256', descriptor.digest.slice('sha256:'.length)), descriptor.label);
  if (blob.size === descriptor.size) return blob;
  throw corrupt(`read ${descriptor.label}: it should have ${descriptor.size} bytes, and has ${blob.size}`);
}

function readVerified(path: string, descriptor: Descriptor): Buffer {
  const bytes = readJsonBytes(blobOf(path, descriptor));
  const digest = digestOf(bytes);
  if (digest !== checkDigest(descriptor.digest, descriptor.label))
    throw corrupt(`verify ${descriptor.label}: its digest is ${digest}`);
  return bytes;
}

function readJson(blob: Blob): unknown {
  return parseJson(readJsonBytes(blob), blob.label);
}
