import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type CliResult, pod } from '../../harness/pod-cli.ts';
import { LayoutRegistry } from '../../harness/registry.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { archive } from '../../unit/stage0/image/tar-fixture.ts';
import { digestOf, writeLayout } from './workspace.ts';

const root = useTempRoot();
const dir = mkdtempSync('/var/tmp/pod-tree-');
after(() => rmSync(dir, { recursive: true }));

async function ok(...args: string[]): Promise<CliResult> {
  const result = await pod(args, { root, cwd: dir });
  assert.equal(result.exitCode, 0, result.stderr);
  return result;
}

interface Layer {
  readonly diffId: string | null;
  readonly layer: string | null;
  readonly createdBy: string | null;
  readonly sharedWith: readonly string[];
}

async function layersOf(ref: string): Promise<Layer[]> {
  return (JSON.parse((await ok('image', 'tree', ref, '-o', 'json')).stdout) as { layers: Layer[] }).layers;
}

const base = archive({ path: 'etc/passwd', content: 'base' });
const [old, other] = ['old', 'other'].map((content) => archive({ path: 'srv/file', content }));
const HISTORY = [
  { created: '2026-01-02T03:04:05Z', created_by: 'COPY base /' },
  { created_by: 'ENV A=b', empty_layer: true },
  { created_by: 'RUN \u001b[31mmake\n  all' },
];

test('the layers of an image have what made them, from the base up, and the images that share them', async () => {
  writeLayout(join(dir, 'one'), { layers: [base, old!], history: HISTORY });
  writeLayout(join(dir, 'two'), { layers: [base, other!] });
  await ok('fetch', 'oci:one', 'oci:two');
  const [first, second, ...more] = await layersOf('oci:one');
  assert.deepEqual([first!.diffId, second!.diffId], [digestOf(base), digestOf(old!)]);
  assert.deepEqual([first!.createdBy, second!.createdBy], ['COPY base /', 'RUN \u001b[31mmake\n  all']);
  assert.deepEqual([first!.sharedWith, second!.sharedWith], [[`oci:${dir}/two`], []]);
  assert.deepEqual(more, []);
  const { stdout } = await ok('image', 'tree', 'oci:one');
  assert.match(stdout, /1 image +COPY base \//);
  assert.match(stdout, /RUN \\x1b\[31mmake all/);
  assert.equal((await layersOf('oci:two'))[0]!.createdBy, null);
});

test('layers that the store does without are named all the same', async () => {
  const empty = archive();
  const opaque = archive({ path: '.wh..wh..opq' }, { path: 'new', content: 'x' });
  writeLayout(join(dir, 'odd'), { layers: [base, empty, opaque, old!, opaque] });
  await ok('fetch', 'oci:odd');
  const layers = await layersOf('oci:odd');
  assert.deepEqual(
    layers.map(({ diffId }) => diffId),
    [base, empty, opaque, old!, opaque].map(digestOf),
  );
  assert.deepEqual(
    layers.map(({ layer }) => layer === null),
    [true, true, true, true, false],
  );
  assert.match((await ok('image', 'tree', 'oci:odd')).stdout, /hidden by layers above it/);
});

test('what the layers of an image of a registry are is known without the registry, until it is removed', async () => {
  const layout = join(dir, 'served');
  writeLayout(layout, { layers: [base, old!], history: HISTORY });
  const registry = await LayoutRegistry.start(layout);
  const { ref } = registry;
  await ok('fetch', ref);
  await registry[Symbol.asyncDispose]();
  assert.equal((await layersOf(ref))[0]!.createdBy, 'COPY base /');
  const documents = join(root, 'images/documents');
  const before = readdirSync(documents);
  // An earlier version kept none, and a power failure may leave half of them.
  for (const name of before) writeFileSync(join(documents, name), readFileSync(join(documents, name)).subarray(0, 50));
  const bare = await layersOf(ref);
  assert.deepEqual([bare[0]!.diffId, bare[0]!.createdBy], [digestOf(base), null]);
  await ok('image', 'rm', ref);
  assert.equal(readdirSync(documents).length, before.length - 1);
});

test('an image without layers of its own is said to have none', async () => {
  mkdirSync(join(dir, 'tree'));
  await ok('fetch', 'dir:tree', 'host');
  assert.match((await ok('image', 'tree', 'dir:tree')).stderr, /used in place/);
  assert.deepEqual(await layersOf('dir:tree'), []);
  assert.match((await ok('image', 'tree', 'host')).stdout, /made here from this system/);
  assert.equal((await pod(['image', 'tree', 'oci:none'], { root, cwd: dir })).exitCode, 1);
  assert.equal((await pod(['image', 'tree'], { root })).exitCode, 2);
  assert.equal((await pod(['image', 'tree', 'host', 'host'], { root })).exitCode, 2);
});
