import { createHash } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ConfigFile } from '../config.ts';
import { MAX_JSON_BYTES, objectOf, parseJson, stringOf } from '../json.ts';
import { ensureLayers, type KnownLayer } from '../layers.ts';
import { configOf, type ManifestParts, partsOf } from '../oci-manifest.ts';
import type { ResolvedLayers } from '../oci.ts';
import { byPlatform, type Descriptor, isIndex, manifestsOf, MAX_NESTING } from '../oci-select.ts';
import { readTrust, trustOf } from '../signing/trust-file.ts';
import { type Store, TempDir } from '../store.ts';
import { PodError } from '../../error.ts';
import { corrupt, printableText } from '../tar/fault.ts';
import type { ResolveOptions } from '../types.ts';
import { type ClientOptions, RegistryClient } from './client.ts';
import { readWhole, type Reply } from './connection.ts';
import { download } from './download.ts';
import { canonicalName, type RegistryName } from './name.ts';
import { requireSignature } from './signatures.ts';

/** A manifest or an index, as the registry has it. */
interface Document {
  readonly digest: string;
  readonly mediaType: string;
  readonly bytes: Buffer;
  readonly label: string;
}

const ACCEPTED = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];

export type PullOptions = ResolveOptions & { readonly client?: ClientOptions };

export interface PulledImage extends ResolvedLayers {
  /** Ids of the trusted keys that have signed it; absent where none has to. */
  readonly signedBy?: readonly string[];
}

/** What the tag, or the digest, stands for in the registry now: the digest of the index if there is one, else of the manifest. */
export async function digestInRegistry(name: RegistryName, options: ClientOptions): Promise<string> {
  using client = new RegistryClient(name, options);
  return (await fetchDocument(client, name.digest ?? name.tag)).digest;
}

/**
 * Fetches the image's manifest and configuration, and the layers that the store does not have, each verified against its digest.
 * Layers are unpacked while others are fetched. The digest is that of the index, if there is one, so that one reference with a
 * digest serves machines of several kinds. An image that has to be signed and is not is refused before any layer is fetched; `asked`
 * is the name that counts for this.
 */
export async function resolveRegistry(
  name: RegistryName,
  asked: RegistryName,
  store: Store,
  options: PullOptions,
): Promise<PulledImage> {
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  using client = new RegistryClient(name, { ...options.client, signal });
  using temp = TempDir.create(store);
  const top = await fetchDocument(client, name.digest ?? name.tag);
  const { indexes, manifest } = await chooseManifest(client, top);
  const trusted = trustOf(readTrust(store), asked);
  const subject = { name: asked, digests: [top.digest, manifest.digest] };
  const signedBy = trusted && (await requireSignature(client, temp, subject, trusted));
  const parts = partsOf(parseJson(manifest.bytes, manifest.label), canonicalName(name), manifest.label);
  const { bytes: config, file } = await fetchConfig(client, parts, temp);
  const sources = parts.layers.map((layer, index): KnownLayer => ({
    ...fetched({ client, stop, options }, layer, join(temp.path, file.diffIds[index]!.slice('sha256:'.length))),
    digest: layer.digest,
    diffId: file.diffIds[index]!,
  }));
  const layers = await ensureLayers(store, sources, manifest.label, options);
  const documents = { indexes, manifest: manifest.bytes, config };
  return { digest: top.digest, config: file.config, layers, documents, ...(signedBy && { signedBy }) };
}

interface Fetch {
  readonly client: RegistryClient;
  /** Ends all transfers of the image. */
  readonly stop: AbortController;
  readonly options: PullOptions;
}

/** A blob that is a file only while it is unpacked. When one layer fails, nobody waits for the others. */
function fetched(
  { client, stop, options }: Fetch,
  layer: Descriptor,
  path: string,
): Pick<KnownLayer, 'blob' | 'fetch'> {
  const fetch = async (signal: AbortSignal | undefined): Promise<Disposable> => {
    signal?.addEventListener('abort', () => stop.abort(signal.reason), { once: true });
    await download(client, layer, path, options);
    return { [Symbol.dispose]: () => rmSync(path) };
  };
  return { blob: { path, start: 0, size: layer.size, label: layer.label }, fetch };
}

interface Chosen {
  /** On the way to the manifest. */
  readonly indexes: readonly Buffer[];
  readonly manifest: Document;
}

async function chooseManifest(client: RegistryClient, top: Document): Promise<Chosen> {
  let chosen = top;
  const indexes: Buffer[] = [];
  const origin = canonicalName(client.name);
  for (let depth = 0; depth < MAX_NESTING; depth++) {
    if (!isIndex(chosen.mediaType)) return { indexes, manifest: chosen };
    indexes.push(chosen.bytes);
    const index = manifestsOf(parseJson(chosen.bytes, chosen.label), origin, chosen.label);
    const descriptor = byPlatform(index, origin);
    chosen = await fetchDocument(client, descriptor.digest, descriptor);
  }
  throw corrupt(`read "${origin}": indexes are nested more than ${MAX_NESTING} deep`);
}

async function fetchDocument(client: RegistryClient, reference: string, expected?: Descriptor): Promise<Document> {
  const origin = canonicalName(client.name);
  const label = expected?.label ?? `"${origin}"`;
  const what = `fetch ${label}`;
  const document = await client.retry(async () => {
    const reply = await client.get(`manifests/${reference}`, { accept: ACCEPTED.join(', ') }, what);
    const bytes = await readWhole(reply, MAX_JSON_BYTES, what);
    if (isPage(reply)) throw notARegistry(what, reply);
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    const { 'docker-content-digest': claimed, 'content-type': contentType } = reply.headers;
    const promised = reference.startsWith('sha256:') ? reference : String(claimed ?? digest);
    // A digest by another algorithm than ours is not asked for, and proves nothing.
    if (promised.startsWith('sha256:') && promised !== digest)
      throw corrupt(`verify ${label}: its digest should be ${promised}, and is ${digest}`);
    return { bytes, digest, contentType };
  }, what);
  if (expected && document.bytes.length !== expected.size)
    throw corrupt(`read ${label}: it should have ${expected.size} bytes, and has ${document.bytes.length}`);
  return { ...document, label, mediaType: mediaTypeOf(document.bytes, document.contentType, label) };
}

/**
 * A document whose type is one thing by its header and another by its content would be read differently by different tools:
 * CVE-2021-41190.
 */
function mediaTypeOf(bytes: Buffer, header: string | undefined, label: string): string {
  const document = objectOf(parseJson(bytes, label), label);
  const told = header?.split(';')[0]!.trim().toLowerCase() ?? '';
  const own = stringOf(document.mediaType, label);
  const isKnown = ACCEPTED.includes(told);
  if (own !== undefined && isKnown && own !== told)
    throw corrupt(`read ${label}: the registry says it is "${told}", and it says it is "${printableText(own)}"`);
  if (document.schemaVersion === 1)
    throw new PodError(
      'image/corrupt',
      `read ${label}: a manifest of schema version 1, whose layers cannot be verified`,
      {
        hint: 'push the image again with a docker, podman or skopeo of today: they write version 2',
      },
    );
  const type = own ?? (isKnown ? told : document.manifests === undefined ? ACCEPTED[1]! : ACCEPTED[0]!);
  if (!ACCEPTED.includes(type))
    throw corrupt(`read ${label}: manifests of type "${printableText(type)}" are not supported`);
  return type;
}

/** What proxies, firewalls and web servers answer in a registry's place, with a status as if all was well. */
function isPage({ headers }: Reply): boolean {
  return headers['content-type']?.startsWith('text/html') === true;
}

function notARegistry(what: string, { url }: Reply): PodError {
  return new PodError('image/unreachable', `${what}: ${url.host} answers with a page for people (text/html)`, {
    hint: 'is it a registry? Proxies and firewalls answer so too, when they want a login',
  });
}

interface FetchedConfig {
  readonly bytes: Buffer;
  readonly file: ConfigFile;
}

async function fetchConfig(client: RegistryClient, parts: ManifestParts, temp: TempDir): Promise<FetchedConfig> {
  const { size, label } = parts.config;
  if (size > MAX_JSON_BYTES) throw corrupt(`read ${label}: it has ${size} bytes, more than ${MAX_JSON_BYTES}`);
  const path = join(temp.path, 'config.json');
  await download(client, parts.config, path, {});
  const bytes = readFileSync(path);
  return { bytes, file: configOf(bytes, parts) };
}
