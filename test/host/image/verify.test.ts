import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type CliResult, pod } from '../../harness/pod-cli.ts';
import { LayoutRegistry } from '../../harness/registry.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { archive } from '../../unit/stage0/image/tar-fixture.ts';
import { ODD_LAYERS } from './odd-image.ts';
import { digestOf, writeLayout } from './workspace.ts';

const root = useTempRoot();
const dir = mkdtempSync('/var/tmp/pod-verify-');
after(() => rmSync(dir, { recursive: true }));
const images = join(root, 'images');

async function ok(...args: string[]): Promise<CliResult> {
  const result = await pod(args, { root, cwd: dir });
  assert.equal(result.exitCode, 0, result.stderr);
  return result;
}

interface Verdict {
  readonly state: string;
  readonly reason?: string;
  readonly differences: readonly Record<'path' | 'what' | 'expected' | 'found', string>[];
}

async function verify(ref: string, exitCode: number): Promise<Verdict> {
  const result = await pod(['image', 'verify', ref, '-o', 'json'], { root, cwd: dir });
  assert.equal(result.exitCode, exitCode, result.stderr);
  assert.deepEqual(readdirSync(join(images, 'tmp')), []);
  return (JSON.parse(result.stdout) as [Verdict])[0];
}

function shown({ differences }: Verdict): string[] {
  return differences.map(({ path, what, expected, found }) => `${path} ${what}: ${expected}, ${found}`);
}

function layerOf(archiveBytes: Buffer): string {
  return join(images, 'layers', digestOf(archiveBytes).slice('sha256:'.length));
}

test('an image that nobody touched is intact, whatever its layers hold', async () => {
  writeLayout(join(dir, 'odd'), { layers: ODD_LAYERS });
  writeFileSync(join(dir, 'files.tar'), ODD_LAYERS[0]!);
  await ok('fetch', 'oci:odd', 'tar:files.tar');
  await ok('image', 'export', 'oci:odd', '-O', 'odd.tar');
  await ok('fetch', 'docker-archive:odd.tar');
  const { stdout } = await ok('image', 'verify', '--all');
  assert.equal(stdout.match(/: intact/g)?.length, 3);
});

test('each file that was changed is named, with what it should be and what it is', async () => {
  const content = 'some text\n';
  const layer = archive(
    { path: 'dir', type: '5', mode: 0o755 },
    ...['changed', 'gone', 'mode'].map((name) => ({ path: `dir/${name}`, content })),
  );
  writeLayout(join(dir, 'small'), { layers: [layer] });
  await ok('fetch', 'oci:small');
  const files = join(layerOf(layer), 'dir');
  // A disk that loses a bit tells nobody: size and times stay.
  writeFileSync(join(files, 'changed'), 'sama text\n');
  writeFileSync(join(files, 'new'), '');
  rmSync(join(files, 'gone'));
  chmodSync(join(files, 'mode'), 0o4755);
  for (const path of [join(files, 'changed'), files]) utimesSync(path, 1_700_000_000, 1_700_000_000);
  const verdict = await verify('oci:small', 1);
  assert.equal(verdict.state, 'damaged');
  const [changed, ...others] = shown(verdict);
  assert.match(changed!, /^\/dir\/changed content: [0-9a-f]{16}, [0-9a-f]{16}$/);
  assert.deepEqual(others, [
    '/dir/mode mode: 0644, 4755',
    '/dir/new file: nothing, file',
    '/dir/gone file: file, nothing',
  ]);
  const { stdout } = await pod(['image', 'verify', 'oci:small'], { root, cwd: dir });
  assert.match(stdout, /oci:.*small: damaged\n {2}layer [0-9a-f]{12}, \/dir\/changed: content: expected /);
});

test('what the store knows of an image is verified too', async () => {
  const served = archive({ path: 'file', content: 'x' });
  writeLayout(join(dir, 'served'), { layers: [served] });
  await using registry = await LayoutRegistry.start(join(dir, 'served'));
  const known = new Set(['refs', 'documents'].flatMap((name) => readdirSync(join(images, name))));
  await ok('fetch', registry.ref);
  assert.equal((await verify(registry.ref, 0)).state, 'intact');
  const name = readdirSync(join(images, 'refs')).find((one) => !known.has(one))!;
  for (const [place, what, from, to] of [
    ['refs', 'configuration', '"env":{}', '"env":{"LD_PRELOAD":"/evil"}'],
    ['notes', 'notes', '"highestId":0', '"highestId":9'],
    ['documents', 'documents', '"manifest":"', '"manifest":"AAAA'],
  ] as const) {
    const path = join(images, place, place === 'notes' ? `${digestOf(served).slice(7)}.json` : name);
    const before = readFileSync(path, 'utf8');
    assert.ok(before.includes(from), place);
    writeFileSync(path, before.replace(from, to));
    const verdict = await verify(registry.ref, 1);
    assert.deepEqual([verdict.state, verdict.differences.map((one) => one.what)], ['damaged', [what]], place);
    writeFileSync(path, before);
  }
});

test('an image of a registry is asked for by its digest, wherever its tag has moved since', async () => {
  const [first, second] = ['first', 'second'].map((content) => archive({ path: 'file', content }));
  writeLayout(join(dir, 'moving'), { layers: [first!] });
  const registry = await LayoutRegistry.start(join(dir, 'moving'));
  const { ref } = registry;
  try {
    await ok('fetch', ref);
    writeLayout(join(dir, 'moving'), { layers: [second!] });
    assert.equal((await verify(ref, 0)).state, 'intact');
    writeFileSync(join(layerOf(first!), 'file'), 'third');
    assert.equal((await verify(ref, 1)).state, 'damaged');
  } finally {
    await registry[Symbol.asyncDispose]();
  }
  const away = await verify(ref, 1);
  assert.equal(away.state, 'unproven');
  assert.match(away.reason!, /127\.0\.0\.1/);
});

test('what cannot be compared is said not to be proven, and what has no digest to be in place', async () => {
  writeLayout(join(dir, 'small'), { layers: [archive({ path: 'other', content: 'x' })] });
  const moved = await verify('oci:small', 1);
  assert.equal(moved.state, 'unproven');
  assert.match(moved.reason!, /is another image by now, sha256:/);
  rmSync(join(dir, 'small'), { recursive: true });
  const gone = await verify('oci:small', 1);
  assert.match(gone.reason!, /no such file/);
  mkdirSync(join(dir, 'tree'));
  await ok('fetch', 'dir:tree');
  assert.equal((await verify('dir:tree', 0)).state, 'in-place');
  for (const [args, code] of [
    [['verify'], 2],
    [['verify', '--all', 'dir:tree'], 2],
    [['ls', '--all'], 2],
    [['verify', 'oci:none'], 1],
  ] as const)
    assert.equal((await pod(['image', ...args], { root, cwd: dir })).exitCode, code, args.join(' '));
});
