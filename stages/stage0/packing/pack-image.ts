import { createHash } from 'node:crypto';
import { AT_FDCWD, O_DIRECTORY, O_PATH } from '../../linux/constants.ts';
import { Fd } from '../../linux/fd.ts';
import { openat2 } from '../../linux/file.ts';
import { TreeReader } from '../copy/read-tree.ts';
import { PodError } from '../error.ts';
import { digestOf } from '../image/documents.ts';
import { TempDir } from '../image/store.ts';
import { plainFile } from '../image/tar/plain-file.ts';
import { TarWriter } from '../image/tar/writer.ts';
import { ArchiveForm } from './archive-form.ts';
import { packedConfig } from './config.ts';
import { nameOf } from './image-name.ts';
import { inTurns } from './in-turns.ts';
import { type PackableLayer, packableLayers } from './layers.ts';
import { type MountedImage, mountImage } from './mount-image.ts';
import { type ImageTicket, openStored, type StoredImage } from './stored-image.ts';

type Write = (bytes: Uint8Array) => void;

interface Blob {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** How layers are read. */
interface Reading {
  readonly signal: AbortSignal;
  /** See `mountImage`. */
  readonly marks: 'trusted' | 'user';
  readonly emptyPath: string;
}

const OCI = 'application/vnd.oci.image';
/**
 * Writes an image as an archive that is two things at once, as `docker save` does since version 25: an image layout, and what
 * `docker load` has read for ever. Layers are packed from their files, so they have digests of their own. The same image gives the
 * same bytes. `marks`: `user` in a normal user's user namespace.
 */
export async function packImage(
  ticket: ImageTicket,
  write: Write,
  signal: AbortSignal,
  marks: Reading['marks'] = 'trusted',
): Promise<void> {
  const image = openStored(ticket, 'export');
  // Seen by whoever removes layers.
  using temp = TempDir.create(image.store);
  const reading = { signal, marks, emptyPath: `${temp.path}/empty` };
  const layers = packableLayers(image);
  const packed: Blob[] = [];
  for (const layer of layers) packed.push(await measure(layer, reading));
  const archive = new TarWriter(write);
  putText(archive, 'oci-layout', '{"imageLayoutVersion":"1.0.0"}');
  const written = new Set<string>();
  for (const [index, blob] of packed.entries()) {
    // Two layers may hold the same.
    if (written.has(blob.digest)) continue;
    written.add(blob.digest);
    await putLayer(archive, layers[index]!, blob, reading);
  }
  putDocuments(archive, image, layers, packed);
  archive.finish();
}

/** The header of a member says its size, and its name its digest, before the first byte: it is packed once for nothing. */
async function measure(layer: PackableLayer, reading: Reading): Promise<Blob> {
  const hash = createHash('sha256');
  let size = 0;
  const count = (bytes: Uint8Array): void => {
    hash.update(bytes);
    size += bytes.length;
  };
  await inTurns(packing(layer, count, reading), reading.signal);
  return { mediaType: `${OCI}.layer.v1.tar`, digest: `sha256:${hash.digest('hex')}`, size };
}

async function putLayer(
  archive: TarWriter,
  layer: PackableLayer,
  { digest, size }: Blob,
  reading: Reading,
): Promise<void> {
  const hash = createHash('sha256');
  let left = size;
  archive.begin(plainFile(blobPath(digest), size));
  const put = (bytes: Uint8Array): void => {
    left -= bytes.length;
    if (left < 0) throw changed(layer);
    hash.update(bytes);
    archive.data(bytes);
  };
  await inTurns(packing(layer, put, reading), reading.signal);
  if (left > 0 || `sha256:${hash.digest('hex')}` !== digest) throw changed(layer);
  archive.end();
}

/** Of a layer in the store nobody changes anything; of a directory that is used in place somebody may. */
function changed({ label }: PackableLayer): PodError {
  return new PodError('host/refused', `pack ${label}: its files changed meanwhile`, {
    hint: 'try again when nobody writes there',
  });
}

function* packing(layer: PackableLayer, write: Write, reading: Reading): Generator<void> {
  const { directory, prefix, label } = layer;
  const writer = new TarWriter(write);
  using found = open(layer, reading);
  const reader = new TreeReader(new ArchiveForm(writer, layer, label), { owner: 0 });
  yield* reader.steps({ dirFd: found.root.number, name: '', label: directory }, prefix);
  writer.finish();
}

/** What is mounted below a directory in use is not in the image: overlayfs shows pods what is under it. */
function open({ directory, isInPlace }: PackableLayer, { emptyPath, marks }: Reading): MountedImage {
  if (isInPlace) return mountImage([{ target: '/', layers: [directory] }], emptyPath, marks);
  const root = new Fd(openat2(AT_FDCWD, directory, O_PATH | O_DIRECTORY, 0));
  return { root, [Symbol.dispose]: () => root[Symbol.dispose]() };
}

function putDocuments(
  archive: TarWriter,
  image: StoredImage,
  layers: readonly PackableLayer[],
  packed: readonly Blob[],
): void {
  const ids = { diffIds: packed.map(({ digest }) => digest), from: layers.map(({ diffId }) => diffId) };
  const config = putBlob(archive, 'config', packedConfig(image.config, image.documents, ids));
  const mediaType = `${OCI}.manifest.v1+json`;
  const manifest = putBlob(archive, 'manifest', { schemaVersion: 2, mediaType, config, layers: packed });
  const { full, tag } = nameOf(image.ref);
  const annotations = {
    ...(full !== undefined && { 'io.containerd.image.name': full }),
    ...(tag !== undefined && { 'org.opencontainers.image.ref.name': tag }),
  };
  const named = tag === undefined ? manifest : { ...manifest, annotations };
  putJson(archive, 'index.json', { schemaVersion: 2, mediaType: `${OCI}.index.v1+json`, manifests: [named] });
  const paths = packed.map(({ digest }) => blobPath(digest));
  const names = full === undefined ? null : [full];
  putJson(archive, 'manifest.json', [{ Config: blobPath(config.digest), RepoTags: names, Layers: paths }]);
}

function putBlob(archive: TarWriter, kind: 'config' | 'manifest', value: object): Blob {
  const text = JSON.stringify(value);
  const digest = digestOf(Buffer.from(text));
  putText(archive, blobPath(digest), text);
  return { mediaType: `${OCI}.${kind}.v1+json`, digest, size: Buffer.byteLength(text) };
}

function putJson(archive: TarWriter, path: string, value: object): void {
  putText(archive, path, JSON.stringify(value));
}

function putText(archive: TarWriter, path: string, text: string): void {
  const bytes = Buffer.from(text);
  archive.begin(plainFile(path, bytes.length));
  archive.data(bytes);
  archive.end();
}

function blobPath(digest: string): string {
  return `blobs/sha256/${digest.slice('sha256:'.length)}`;
}
