import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject, sign as signBytes } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parsePublicKey } from '../../../stages/stage0/image/signing/key.ts';
import { changeTrust } from '../../../stages/stage0/image/signing/trust-file.ts';
import { createStore } from '../../../stages/stage0/image/store.ts';
import { pod } from '../../harness/pod-cli.ts';
import { LayoutRegistry } from '../../harness/registry.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { archive } from '../../unit/stage0/image/tar-fixture.ts';
import { digestOf, Workspace, writeLayout } from './workspace.ts';

const LAYER = archive({ path: 'app', content: 'of the image' });
const CLIENT = { env: { HOME: '/nonexistent' }, pauseMs: 1, idleMs: 2_000 };
const TYPE = 'cosign container image signature';
const PAYLOAD_TYPE = 'application/vnd.dev.cosign.simplesigning.v1+json';
const root = useTempRoot();

type Pair = { readonly publicKey: KeyObject; readonly privateKey: KeyObject };

const ours: Pair = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const theirs: Pair = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });

function pemOf({ publicKey }: Pair): string {
  return publicKey.export({ type: 'spki', format: 'pem' }).toString();
}

/** What is said, by whom; absent: that this is the image, by us. */
interface Said {
  readonly by?: Pair;
  readonly digest?: string;
  readonly reference?: string;
  readonly type?: string;
  readonly payload?: string;
  readonly signature?: string;
  readonly mediaType?: string;
}

class Served implements AsyncDisposable {
  readonly work: Workspace;
  readonly layout: string;
  readonly registry: LayoutRegistry;

  private constructor(work: Workspace, layout: string, registry: LayoutRegistry) {
    this.work = work;
    this.layout = layout;
    this.registry = registry;
  }

  static async start(): Promise<Served> {
    const work = new Workspace();
    const layout = join(work.dir, 'layout');
    writeLayout(layout, { layers: [LAYER] });
    return new Served(work, layout, await LayoutRegistry.start(layout));
  }

  get repository(): string {
    return `127.0.0.1:${this.registry.port}/team/app`;
  }

  get digest(): string {
    const { manifests } = JSON.parse(readFileSync(join(this.layout, 'index.json'), 'utf8')) as {
      manifests: { digest: string }[];
    };
    return manifests[0]!.digest;
  }

  put(bytes: Buffer | string): { digest: string; size: number } {
    const blob = Buffer.from(bytes);
    writeFileSync(join(this.layout, 'blobs/sha256', digestOf(blob).slice(7)), blob);
    return { digest: digestOf(blob), size: blob.length };
  }

  /** All signatures of one digest, in place of those before. */
  sign(all: readonly Said[], digest: string = this.digest): void {
    const layers = all.map((said) => {
      const { by = ours, reference = this.repository, type = TYPE } = said;
      const image = { 'docker-manifest-digest': said.digest ?? digest };
      const critical = { identity: { 'docker-reference': reference }, image, type };
      const payload = said.payload ?? JSON.stringify({ critical, optional: null });
      const hash = by.privateKey.asymmetricKeyType === 'ed25519' ? null : 'sha256';
      const signature = said.signature ?? signBytes(hash, Buffer.from(payload), by.privateKey).toString('base64');
      const annotations = { 'dev.cosignproject.cosign/signature': signature };
      return { mediaType: said.mediaType ?? PAYLOAD_TYPE, ...this.put(payload), annotations };
    });
    this.registry.tags.set(
      `${digest.replace(':', '-')}.sig`,
      this.put(JSON.stringify({ schemaVersion: 2, layers })).digest,
    );
  }

  async trust(...keys: readonly Pair[]): Promise<void> {
    await this.trustFor(this.repository, ...keys);
  }

  async trustFor(prefix: string, ...keys: readonly Pair[]): Promise<void> {
    const added = keys.map((key) => ({
      ...parsePublicKey(pemOf(key), 'key'),
      file: 'key',
      addedAt: '2026-01-01T00:00:00Z',
    }));
    await changeTrust(createStore(this.work.store), (now) => [
      ...now.filter((one) => one.prefix !== prefix),
      ...(keys.length === 0 ? [] : [{ prefix, keys: added }]),
    ]);
  }

  resolve(ref: string = this.registry.ref, more: object = {}): ReturnType<Workspace['resolve']> {
    return this.work.resolve(ref, { client: CLIENT, ...more });
  }

  async refuses(message: RegExp, ref?: string): Promise<void> {
    await assert.rejects(this.resolve(ref), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'image/untrusted', error.stack);
      assert.match(error.message, message);
      return true;
    });
    assert.deepEqual(this.work.leftovers(), []);
  }

  /** How often the layer was asked for. */
  get fetches(): number {
    return this.registry.requests.filter(({ url }) => url.includes(digestOf(LAYER))).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.registry[Symbol.asyncDispose]();
    this.work[Symbol.dispose]();
  }
}

test('an image that a trusted key has signed is used, and not asked for again', async () => {
  await using served = await Served.start();
  await served.trust(theirs, ours);
  served.sign([{ by: theirs, type: 'something else' }, { mediaType: 'text/plain' }, {}]);
  const image = await served.resolve();
  assert.equal(image.digest, served.digest);
  const asked = served.registry.requests.length;
  assert.deepEqual(await served.resolve(), image);
  assert.equal(served.registry.requests.length, asked);
});

test('keys of all three kinds verify', async () => {
  for (const pair of [generateKeyPairSync('ed25519'), generateKeyPairSync('rsa', { modulusLength: 2048 }), ours]) {
    await using served = await Served.start();
    await served.trust(pair);
    served.sign([{ by: pair }]);
    await served.resolve();
    served.sign([{ by: theirs }]);
    await assert.rejects(served.resolve(undefined, { asksRegistry: true }), { code: 'image/untrusted' });
  }
});

test('an image that nobody has signed is refused before a layer is fetched', async () => {
  await using served = await Served.start();
  await served.trust(ours);
  await served.refuses(/it is not signed$/);
  served.sign([]);
  await served.refuses(/it is not signed$/);
  assert.equal(served.fetches, 0);
  assert.deepEqual(readdirSync(join(served.work.store, 'refs')), []);
});

test('a signature counts only if a trusted key has signed this image under this name', async () => {
  await using served = await Served.start();
  await served.trust(ours);
  const other = digestOf(Buffer.from('another image'));
  const forgeries: [Said, RegExp][] = [
    [{ by: theirs }, /not by a trusted key/],
    [{ signature: Buffer.from('nonsense').toString('base64') }, /not by a trusted key/],
    [{ signature: '%%%' }, /not by a trusted key/],
    [{ digest: other }, new RegExp(`signed another image \\(${other}\\)`)],
    [{ reference: '127.0.0.1:1/team/app' }, /for another name \("127\.0\.0\.1:1\/team\/app"\)/],
    [{ reference: `${served.repository}-old` }, /for another name/],
    [{ reference: `${served.repository}:other` }, /for another name/],
    [{ reference: '' }, /for another name \(""\)/],
    [{ type: 'atomic container signature' }, /something else than an image/],
    [{ payload: '{}' }, /something else than an image/],
    [{ payload: '[not JSON' }, /something else than an image/],
    [{ payload: '{"critical":{"type":"\\u001b[31m"}}' }, /\("\\x1b\[31m"\)/],
  ];
  for (const [said, message] of forgeries) {
    served.sign([said]);
    await served.refuses(message);
  }
  served.sign(forgeries.map(([said]) => said));
  await served.refuses(/not by a trusted key; .*another image.*; .*another name/);
  assert.equal(served.fetches, 0);
});

test('podman also signs tags: they count where the tag is asked for, or a digest', async () => {
  await using served = await Served.start();
  await served.trust(ours);
  served.sign([{ reference: `${served.repository}:latest` }]);
  await served.resolve();
  served.sign([{ reference: `${served.repository}:other` }]);
  await served.resolve(served.registry.ref.replace(':latest', `@${served.digest}`), { asksRegistry: true });
});

test('signatures that are too many or too large are refused', async () => {
  await using served = await Served.start();
  await served.trust(ours);
  served.sign(Array.from({ length: 101 }, () => ({})));
  await assert.rejects(served.resolve(), { code: 'image/corrupt', message: /there are 101, more than 100/ });
  served.sign([{ payload: ' '.repeat(70_000) }]);
  await assert.rejects(served.resolve(), { code: 'image/corrupt', message: /70000 bytes/ });
});

test('the signature may be of the index or of the manifest for this machine', async () => {
  for (const which of ['index', 'manifest'] as const) {
    await using served = await Served.start();
    const manifest = served.digest;
    const platform = { os: 'linux', architecture: process.arch === 'x64' ? 'amd64' : process.arch };
    const size = readFileSync(join(served.layout, 'blobs/sha256', manifest.slice(7))).length;
    const mediaType = 'application/vnd.oci.image.index.v1+json';
    const manifests = [{ mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: manifest, size, platform }];
    const index = served.put(JSON.stringify({ schemaVersion: 2, mediaType, manifests }));
    writeFileSync(join(served.layout, 'index.json'), JSON.stringify({ manifests: [{ mediaType, ...index }] }));
    await served.trust(ours);
    await served.refuses(/it is not signed/);
    served.sign([{}], which === 'index' ? index.digest : manifest);
    assert.equal((await served.resolve()).digest, index.digest);
  }
});

test('what is here already needs a signature too, and stays what it is', async () => {
  await using served = await Served.start();
  const first = await served.resolve();
  await served.trust(ours);
  await served.refuses(/it is not signed/);
  served.sign([{}], first.digest);
  // The tag moves meanwhile: it was asked for once.
  writeLayout(served.layout, { layers: [LAYER], config: { Cmd: ['/other'] } });
  assert.notEqual(served.digest, first.digest);
  assert.equal((await served.resolve()).digest, first.digest);
  assert.equal(served.fetches, 1);
  await served.trust(theirs);
  await served.refuses(/not by a trusted key/);
  await served.trust();
  assert.equal((await served.resolve()).digest, first.digest);
});

test('a key for all registries is not one for those that have their own', async () => {
  await using served = await Served.start();
  await served.trustFor('*', ours);
  await served.refuses(/it is not signed/);
  served.sign([{}]);
  await served.resolve();
  await served.trust(theirs);
  await served.refuses(/not by a trusted key/);
  await served.trustFor(served.repository.replace('/app', ''), ours);
  await served.refuses(/not by a trusted key/);
});

test('without knowing whom to believe, nothing is used', async () => {
  await using served = await Served.start();
  served.sign([{}]);
  await served.resolve();
  for (const text of ['{"version":2,"prefixes":[]}', '{"version":1}', 'null', '{"version":1,"pref']) {
    writeFileSync(join(served.work.store, 'trust.json'), text);
    await assert.rejects(served.resolve(), { code: 'state/io', message: /trust\.json/ });
  }
});

test('the verb adds, lists and removes keys, and run refuses at the line', async () => {
  await using served = await Served.start();
  const call = (...args: string[]): ReturnType<typeof pod> => pod(args, { root, cwd: served.work.dir });
  served.work.write('ours.pub', pemOf(ours));
  served.work.write('theirs.pub', pemOf(theirs));
  served.work.write('private.pem', ours.privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const manifest = { apiVersion: 'pod/v1', kind: 'Pod', metadata: { name: 'signed' }, network: { mode: 'none' } };
  const text = JSON.stringify(
    { ...manifest, apps: [{ name: 'a', image: served.registry.ref, exec: ['/app'] }] },
    null,
    1,
  );
  const file = served.work.write('pod.yaml', text);
  const bad = await call('trust', 'add', served.repository, 'ours.pub', 'private.pem', 'nothing.pub');
  assert.match(bad.stderr, /"private\.pem": it is a private key[^]*"nothing\.pub": ENOENT/);
  assert.equal((await call('trust', 'ls', '-o', 'json')).stdout, '[]');
  const added = await call('trust', 'add', served.repository, 'ours.pub', 'theirs.pub');
  const ids = added.stdout.split('\n');
  assert.equal(ids.length, 2);
  assert.match(
    (await call('trust', 'ls')).stdout,
    new RegExp(`^${served.repository} +${ids[0]!.slice(0, 19)} +ECDSA P-256 +ours.pub`, 'm'),
  );
  const refused = await call('run', file);
  assert.equal(refused.exitCode, 125);
  assert.match(
    refused.stderr,
    /pod\.yaml:\d+:\d+: error: verify "docker:\/\/.*": it is not signed \[image\/untrusted\]/,
  );
  assert.equal((await call('trust', 'rm', served.repository, ids[0]!.slice(0, 19))).stdout, ids[0]!.slice(0, 19));
  assert.match((await call('trust', 'rm', served.repository, ids[1]!)).stderr, /the last key/);
  assert.equal((await call('trust', 'rm', served.repository)).exitCode, 0);
  assert.match((await call('trust', 'rm', served.repository)).stderr, /\[trust\/not-found\]/);
});
