import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { findImage } from '../../../stages/stage0/cli/image/find.ts';
import { removeUnusedLayers } from '../../../stages/stage0/gc/unused-layers.ts';
import { forgetImage } from '../../../stages/stage0/image/catalog.ts';
import { TempDir, storeAt } from '../../../stages/stage0/image/store.ts';
import { POD_FILES } from '../../../stages/stage0/pod/layout.ts';
import { MANIFESTS } from '../../harness/paths.ts';
import { type CliResult, pod } from '../../harness/pod-cli.ts';
import { LayoutRegistry } from '../../harness/registry.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { archive } from '../../unit/stage0/image/tar-fixture.ts';
import { digestOf, writeLayout } from './workspace.ts';

const root = useTempRoot();
const dir = mkdtempSync('/var/tmp/pod-images-');
after(() => rmSync(dir, { recursive: true }));

const images = join(root, 'images');
const NGINX = `oci:${join(MANIFESTS, 'images/nginx')}`;
const REDIS = `oci:${join(MANIFESTS, 'images/redis')}`;

interface Listed {
  readonly ref: string;
  readonly digest: string;
  readonly sizeBytes: number | null;
  readonly layers: readonly string[];
  readonly pods: readonly string[];
}

async function ok(...args: string[]): Promise<CliResult> {
  const result = await pod(args, { root, cwd: dir });
  assert.equal(result.exitCode, 0, result.stderr);
  return result;
}

async function list(): Promise<Listed[]> {
  return JSON.parse((await ok('image', 'ls', '-o', 'json')).stdout) as Listed[];
}

function layers(): string[] {
  return readdirSync(join(images, 'layers')).toSorted();
}

test('what is fetched is listed, with its size and the pods that use it', async () => {
  const { stdout } = await ok('fetch', NGINX, REDIS);
  const [nginx, redis] = await list();
  assert.deepEqual(stdout.split('\n'), [nginx!.digest, redis!.digest]);
  assert.deepEqual([nginx!.ref, redis!.ref], [NGINX, REDIS]);
  assert.ok(nginx!.sizeBytes! > 50_000_000 && nginx!.layers.length >= 2);
  assert.deepEqual(nginx!.pods, []);
  assert.deepEqual(new Set([...nginx!.layers, ...redis!.layers]), new Set(layers()));
  const inspected = JSON.parse((await ok('image', 'inspect', NGINX)).stdout) as { config: { entrypoint: string[] } };
  assert.deepEqual(inspected.config.entrypoint, ['/usr/sbin/nginx']);
});

test('layers that a pod needs stay until it is gone, even when its image is removed', async () => {
  const manifest = join(dir, 'user.pod.yaml');
  const app = `{name: app, image: "${REDIS}", user: "0", exec: [/bin/true]}`;
  writeFileSync(
    manifest,
    `apiVersion: pod/v1\nkind: Pod\nmetadata: {name: user}\nnetwork: {mode: none}\napps: [${app}]\n`,
  );
  await ok('run', manifest);
  const redis = (await list()).find(({ ref }) => ref === REDIS)!;
  assert.deepEqual(redis.pods, ['user']);
  await ok('image', 'rm', REDIS, NGINX);
  assert.deepEqual(await list(), []);
  assert.deepEqual(layers(), redis.layers.toSorted());
  // An exited pod's files are those of its image, still.
  await ok('cp', 'user:/etc/passwd', join(dir, 'passwd'));
  assert.match((await ok('image', 'gc')).stderr, /nothing to remove/);
  // A record that does not say what the pod uses keeps everything.
  const pods = join(root, 'pods/exited');
  const record = join(pods, readdirSync(pods)[0]!, POD_FILES.record);
  const whole = readFileSync(record, 'utf8');
  writeFileSync(record, whole.replace('"imageMounts"', '"other"'));
  const refused = await pod(['image', 'gc'], { root });
  assert.equal(refused.exitCode, 1);
  assert.match(refused.stderr, /does not say which ones it uses/);
  assert.deepEqual(layers(), redis.layers.toSorted());
  writeFileSync(record, whole);
  await ok('rm', 'user');
  const doomed = JSON.parse((await ok('image', 'gc', '--dry-run', '-o', 'json')).stdout) as { layer: string }[];
  assert.deepEqual(doomed.map(({ layer }) => layer).toSorted(), layers());
  await ok('image', 'gc');
  assert.deepEqual(
    [layers(), readdirSync(join(images, 'notes')), readdirSync(join(images, 'tmp')).length],
    [[], [], 0],
  );
});

test('nothing is removed while somebody unpacks', async () => {
  await ok('fetch', REDIS);
  const before = layers();
  {
    using _unpacking = TempDir.create(storeAt(images));
    const refused = await pod(['image', 'rm', REDIS], { root });
    assert.equal(refused.exitCode, 1);
    assert.match(refused.stderr, /pod\/state/);
    assert.match(refused.stderr, /pod image gc removes them later/);
    assert.deepEqual(layers(), before);
  }
  await ok('image', 'gc');
  assert.deepEqual(layers(), []);
});

test('layers that are removed are gone at once, however long their files take', async () => {
  await ok('fetch', NGINX);
  await ok('fetch', REDIS);
  for (const { ref } of await list()) forgetImage(storeAt(images), findImage(root, ref).key);
  const removing = removeUnusedLayers(root, false);
  assert.deepEqual(layers(), []);
  assert.ok((await removing).length >= 3);
  assert.deepEqual(readdirSync(join(images, 'tmp')), []);
});

test('a tag is asked for again by fetch, and what it stood for before can be removed', async () => {
  const layout = join(dir, 'layout');
  const [first, second] = ['first', 'second'].map((content) => archive({ path: 'etc/passwd', content }));
  writeLayout(layout, { layers: [first!] });
  await using registry = await LayoutRegistry.start(layout);
  const before = (await ok('fetch', registry.ref)).stdout;
  writeLayout(layout, { layers: [second!] });
  const now = (await ok('fetch', registry.ref, '-o', 'json')).stdout;
  const [listed, ...more] = await list();
  assert.deepEqual(more, []);
  assert.deepEqual([{ ref: listed!.ref, digest: listed!.digest }], JSON.parse(now));
  assert.notEqual(listed!.digest, before);
  const removed = await ok('image', 'gc', '-o', 'name');
  assert.equal(removed.stdout, digestOf(first!).slice(7));
  await ok('image', 'rm', registry.ref);
});

test('an image that is not there is said to be, and the others are removed all the same', async () => {
  mkdirSync(join(dir, 'tree'));
  await ok('fetch', 'dir:tree');
  const result = await pod(['image', 'rm', 'dir:tre', 'dir:tree'], { root, cwd: dir });
  assert.equal(result.exitCode, 1);
  assert.match(result.stderr, new RegExp(`did you mean "dir:${dir}/tree"`));
  assert.deepEqual(await list(), []);
  assert.equal((await pod(['image', 'inspect', 'dir:tree'], { root, cwd: dir })).exitCode, 1);
  for (const args of [
    ['image'],
    ['image', 'lss'],
    ['image', 'rm'],
    ['image', 'ls', 'x'],
    ['image', 'rm', 'x', '--dry-run'],
    ['fetch'],
  ]) {
    assert.equal((await pod(args, { root })).exitCode, 2, args.join(' '));
  }
});
