import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PodError } from '../../error.ts';
import { arrayOf, MAX_JSON_BYTES, objectOf, parseJson, stringOf } from '../json.ts';
import { type Descriptor, parseDescriptor } from '../oci-select.ts';
import { judgeSignatures, type Signature, type Subject } from '../signing/signature.ts';
import type { TrustedPrefix } from '../signing/trust-file.ts';
import type { TempDir } from '../store.ts';
import { corrupt } from '../tar/fault.ts';
import type { RegistryClient } from './client.ts';
import { readWhole } from './connection.ts';
import { download } from './download.ts';
import { canonicalName } from './name.ts';

const PAYLOAD_TYPE = 'application/vnd.dev.cosign.simplesigning.v1+json';
const SIGNATURE = 'dev.cosignproject.cosign/signature';
const MOST_SIGNATURES = 100;
const MOST_PAYLOAD_BYTES = 64 * 1024;

/** The ids of the prefix's keys that have signed the image. Throws a `PodError` when there is none. */
export async function requireSignature(
  client: RegistryClient,
  temp: TempDir,
  subject: Subject,
  { prefix, keys }: TrustedPrefix,
): Promise<readonly string[]> {
  const problems = new Set<string>();
  for (const digest of new Set(subject.digests)) {
    const found = judgeSignatures(await fetchSignatures(client, temp, digest), subject, keys);
    if (found.signedBy.length > 0) return found.signedBy;
    for (const problem of found.problems) problems.add(problem);
  }
  const why = problems.size === 0 ? 'it is not signed' : [...problems].join('; ');
  throw new PodError('image/untrusted', `verify "${canonicalName(subject.name)}": ${why}`, {
    hint: `images below "${prefix}" need a signature by ${keys.length === 1 ? 'its key' : `one of its ${keys.length} keys`}, made with cosign sign --key or podman push --sign-by-sigstore-private-key; pod trust ls lists the keys`,
  });
}

/** Those that are kept beside the image, in the same repository. None is no error here. */
async function fetchSignatures(client: RegistryClient, temp: TempDir, digest: string): Promise<Signature[]> {
  const label = `the signatures of "${canonicalName({ ...client.name, digest })}"`;
  const manifest = await fetchManifest(client, digest.replace(':', '-'), label);
  if (manifest === undefined) return [];
  const layers = arrayOf(objectOf(manifest, label).layers, label);
  if (layers.length > MOST_SIGNATURES)
    throw corrupt(`read ${label}: there are ${layers.length}, more than ${MOST_SIGNATURES}`);
  const signatures: Signature[] = [];
  for (const [index, layer] of layers.entries()) {
    const descriptor = parseDescriptor(layer, label, `signature ${index + 1}`);
    const signature = stringOf(objectOf(objectOf(layer, label).annotations, label)[SIGNATURE], label);
    // Attestations and signatures by other schemes may stand beside.
    if (descriptor.mediaType !== PAYLOAD_TYPE || signature === undefined) continue;
    const payload = await fetchPayload(client, temp, descriptor, `${digest.slice('sha256:'.length)}-${index}`);
    signatures.push({ payload, signature: Buffer.from(signature, 'base64') });
  }
  return signatures;
}

async function fetchManifest(client: RegistryClient, name: string, label: string): Promise<unknown> {
  const what = `fetch ${label}`;
  const accept = 'application/vnd.oci.image.manifest.v1+json';
  try {
    const bytes = await client.retry(
      async () => readWhole(await client.get(`manifests/${name}.sig`, { accept }, what), MAX_JSON_BYTES, what),
      what,
    );
    return parseJson(bytes, label);
  } catch (error) {
    if (error instanceof PodError && error.code === 'image/reference') return undefined;
    throw error;
  }
}

async function fetchPayload(
  client: RegistryClient,
  temp: TempDir,
  descriptor: Descriptor,
  name: string,
): Promise<Buffer> {
  const { size, label } = descriptor;
  if (size > MOST_PAYLOAD_BYTES) throw corrupt(`read ${label}: it has ${size} bytes, more than ${MOST_PAYLOAD_BYTES}`);
  const path = join(temp.path, `signed-${name}`);
  await download(client, descriptor, path, {});
  return readFileSync(path);
}
