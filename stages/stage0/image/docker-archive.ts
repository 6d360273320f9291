import { createWriteStream } from 'node:fs';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { PodError } from '../error.ts';
import { type Blob, blobOfFile } from './blob.ts';
import { Budget } from './budget.ts';
import { parseConfigFile } from './config.ts';
import { compressionOf, openDecompressed } from './decompress.ts';
import { digestOf } from './documents.ts';
import { arrayOf, objectOf, parseJson, readJsonBytes, stringOf, stringsOf } from './json.ts';
import { ensureLayers, type KnownLayer } from './layers.ts';
import { type Members, indexMembers } from './members.ts';
import type { ResolvedLayers } from './oci.ts';
import { requirePlatform } from './platform.ts';
import { type Store, TempDir } from './store.ts';
import { corrupt } from './tar/fault.ts';
import type { ResolveOptions } from './types.ts';
import { unpackFailure } from './unpack/failure.ts';

interface ArchivedImage {
  readonly config: string;
  readonly tags: readonly string[];
  readonly layers: readonly string[];
}

/** An archive written by `docker save` or `podman save`: layer archives and a manifest.json. The digest is the image's ID. */
export async function resolveDockerArchive(
  path: string,
  name: string | undefined,
  store: Store,
  options: ResolveOptions,
): Promise<ResolvedLayers> {
  const archive = blobOfFile(path, `"${path}"`);
  if (compressionOf(archive) === 'none') return resolveMembers(archive, name, store, options);
  using temp = TempDir.create(store);
  return await resolveMembers(await inflate(archive, temp, options), name, store, options);
}

/**
 * The digest that `resolveDockerArchive` would resolve to; undefined for a compressed archive, which needs a store to be unpacked
 * into.
 */
export function digestOfDockerArchive(path: string, name: string | undefined): string | undefined {
  const archive = blobOfFile(path, `"${path}"`);
  if (compressionOf(archive) !== 'none') return undefined;
  return readConfig(archive, indexMembers(archive), name).digest;
}

/** Members are read at their offsets in the file, so a compressed archive is decompressed first. */
async function inflate(archive: Blob, temp: TempDir, options: ResolveOptions): Promise<Blob> {
  const path = join(temp.path, 'archive.tar');
  const budget = new Budget(archive, temp.fd);
  const measured = async function* (): AsyncGenerator<Buffer> {
    for await (const chunk of openDecompressed(archive, () => undefined)) {
      options.signal?.throwIfAborted();
      budget.spend(chunk.length);
      yield chunk;
    }
  };
  try {
    await pipeline(measured(), createWriteStream(path, { mode: 0o600 }));
  } catch (error) {
    throw unpackFailure(error, archive.label, undefined);
  }
  return blobOfFile(path, archive.label);
}

async function resolveMembers(
  archive: Blob,
  name: string | undefined,
  store: Store,
  options: ResolveOptions,
): Promise<ResolvedLayers> {
  const members = indexMembers(archive);
  const { image, configBlob, bytes, digest } = readConfig(archive, members, name);
  const file = parseConfigFile(parseJson(bytes, configBlob.label), configBlob.label);
  requirePlatform(file, configBlob.label);
  if (image.layers.length !== file.diffIds.length) {
    throw corrupt(
      `read ${archive.label}: it has ${image.layers.length} layers, its configuration ${file.diffIds.length}`,
    );
  }
  const sources = image.layers.map((layer, index): KnownLayer => ({
    blob: memberOf(members, layer, archive),
    diffId: file.diffIds[index]!,
  }));
  const layers = await ensureLayers(store, sources, archive.label, options);
  return { digest, config: file.config, layers, documents: { indexes: [], config: bytes } };
}

interface ReadConfig {
  readonly image: ArchivedImage;
  readonly configBlob: Blob;
  readonly bytes: Buffer;
  readonly digest: string;
}

function readConfig(archive: Blob, members: Members, name: string | undefined): ReadConfig {
  const image = selectImage(readImages(archive, members), name, archive.label);
  const configBlob = memberOf(members, image.config, archive);
  const bytes = readJsonBytes(configBlob);
  const digest = digestOf(bytes);
  verifyName(image.config, digest, configBlob.label);
  return { image, configBlob, bytes, digest };
}

function readImages(archive: Blob, members: Members): readonly ArchivedImage[] {
  if (!members.has('manifest.json'))
    throw new PodError(
      'image/reference',
      `read ${archive.label}: it holds no manifest.json, so it is not a docker archive`,
    );
  const manifest = memberOf(members, 'manifest.json', archive);
  return arrayOf(parseJson(readJsonBytes(manifest), manifest.label), manifest.label).map((value) => {
    const image = objectOf(value, manifest.label);
    return {
      config: stringOf(image.Config, manifest.label) ?? '',
      tags: stringsOf(image.RepoTags, manifest.label),
      layers: stringsOf(image.Layers, manifest.label),
    };
  });
}

function selectImage(images: readonly ArchivedImage[], name: string | undefined, label: string): ArchivedImage {
  const names = images.flatMap(({ tags }) => tags);
  const hint = names.length > 0 ? `it has: ${names.join(', ')}` : 'its images have no names; leave the name out';
  const found =
    name === undefined ? images : images.filter(({ tags }) => tags.includes(name) || tags.includes(`${name}:latest`));
  if (found.length === 1) return found[0]!;
  if (found.length === 0)
    throw new PodError('image/reference', `read ${label}: it holds no image${name === undefined ? '' : ` "${name}"`}`, {
      hint,
    });
  throw new PodError('image/reference', `read ${label}: it holds several images, and the reference names none`, {
    hint,
  });
}

/** Both names of a configuration contain its digest: `<hex>.json` and `blobs/sha256/<hex>`. */
function verifyName(name: string, digest: string, label: string): void {
  const hex = /(?:^|\/)([0-9a-f]{64})(?:\.json)?$/.exec(name)?.[1];
  if (hex !== undefined && `sha256:${hex}` !== digest) throw corrupt(`verify ${label}: its digest is ${digest}`);
}

/** Docker before 25 wrote a layer shared by two images once, and a symbolic link for the second image. */
function memberOf(members: Members, name: string, archive: Blob): Blob {
  let at = name;
  for (let hops = 0; hops < 5; hops++) {
    const member = members.get(at);
    if (member === undefined) throw corrupt(`read ${archive.label}: it has no member "${name}"`);
    if (member.linkTarget === undefined)
      return {
        path: archive.path,
        start: member.start,
        size: member.size,
        label: `${archive.label}, member "${name}"`,
      };
    at = join(dirname(at), member.linkTarget);
  }
  throw corrupt(`read ${archive.label}: member "${name}" is part of a symlink loop`);
}
