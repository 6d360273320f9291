import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { after, test } from 'node:test';
import { resolveImage } from '../../../stages/stage0/image/resolve.ts';
import { MANIFESTS } from '../../harness/paths.ts';
import { type CliResult, pod } from '../../harness/pod-cli.ts';
import { LayoutRegistry } from '../../harness/registry.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { archive } from '../../unit/stage0/image/tar-fixture.ts';
import { ODD_LAYERS, readAll } from './odd-image.ts';
import { writeLayout } from './workspace.ts';

const root = useTempRoot();
const dir = mkdtempSync('/var/tmp/pod-export-');
after(() => rmSync(dir, { recursive: true }));

async function ok(...args: string[]): Promise<CliResult> {
  const result = await pod(args, { root, cwd: dir });
  assert.equal(result.exitCode, 0, result.stderr);
  return result;
}

/** The layers of an image in a store of its own, with what the store notes of them. */
async function layersOf(ref: string, store: string): Promise<object[]> {
  const storeDir = join(dir, store);
  const { mounts } = await resolveImage(ref, { storeDir, baseDir: dir });
  return mounts[0]!.layers.map((layer) => {
    const notes = join(storeDir, 'notes', `${basename(layer)}.json`);
    const { sizeBytes: _, ...told } = existsSync(notes)
      ? (JSON.parse(readFileSync(notes, 'utf8')) as { sizeBytes: 0 })
      : {};
    return { files: readAll(layer), told };
  });
}

test('an export has the layers of the image: owners, attributes, links, devices and whiteouts', async () => {
  writeLayout(join(dir, 'odd'), { layers: ODD_LAYERS, config: { User: '7', Labels: { a: 'b' }, OnBuild: ['RUN x'] } });
  await ok('fetch', 'oci:odd');
  await ok('image', 'export', 'oci:odd', '-O', 'odd.tar');
  const expected = await layersOf('oci:odd', 'store');
  assert.equal(expected.length, 3);
  assert.deepEqual(await layersOf('docker-archive:odd.tar', 'store-1'), expected);
  mkdirSync(join(dir, 'layout'));
  execFileSync('tar', ['-xf', 'odd.tar', '-C', 'layout'], { cwd: dir });
  assert.deepEqual(await layersOf('oci:layout', 'store-2'), expected);
  // Fields that are nothing to us are kept.
  const [{ Config: config }] = JSON.parse(readFileSync(join(dir, 'layout/manifest.json'), 'utf8')) as [
    { Config: string },
  ];
  const kept = JSON.parse(readFileSync(join(dir, 'layout', config), 'utf8')) as { config: object };
  assert.deepEqual(kept.config, { User: '7', Labels: { a: 'b' }, OnBuild: ['RUN x'] });
  // And the same image gives the same archive, whether it came from one or not.
  await ok('fetch', 'docker-archive:odd.tar');
  await ok('image', 'export', 'docker-archive:odd.tar', '-O', 'again.tar');
  assert.ok(readFileSync(join(dir, 'again.tar')).equals(readFileSync(join(dir, 'odd.tar'))));
  assert.equal(statSync(join(dir, 'odd.tar')).mode & 0o777, 0o600);
});

/** What a pod sees of its files, without those that pod makes. Times of directories and link counts of those are the file system's. */
const LOOK = `find / -xdev \\( -path '/etc/host*' -o -path /etc/resolv.conf \\) -prune -o \\( -type d -printf '%p %M %U %G\\n' -o -printf '%p %M %U %G %s %T@ %n %l\\n' \\) | sort; cd /; find usr -xdev -type f -print0 | sort -z | xargs -0 cat | sha256sum`;

async function look(image: string): Promise<string[]> {
  const app = { name: 'look', image, user: '0', exec: ['/bin/sh', '-ec', LOOK] };
  const manifest = {
    apiVersion: 'pod/v1',
    kind: 'Pod',
    metadata: { name: 'look' },
    network: { mode: 'none' },
    apps: [app],
  };
  writeFileSync(join(dir, 'look.pod.yaml'), JSON.stringify(manifest));
  const { stdout } = await ok('run', '--rm', 'look.pod.yaml');
  return stdout.split('\n');
}

test('a pod sees the same files in an export as in the image', async () => {
  const nginx = `oci:${join(MANIFESTS, 'images/nginx')}`;
  const seen = await look(nginx);
  assert.ok(seen.length > 1000);
  await ok('image', 'export', nginx, '-O', 'nginx.tar');
  const again = await look('docker-archive:nginx.tar');
  assert.deepEqual(
    again.filter((line, index) => line !== seen[index]),
    [],
  );
  assert.equal(again.length, seen.length);
  const { stdout: config } = await ok('image', 'inspect', 'docker-archive:nginx.tar', '-o', 'json');
  const { config: own } = JSON.parse((await ok('image', 'inspect', nginx, '-o', 'json')).stdout) as { config: object };
  assert.deepEqual((JSON.parse(config) as { config: object }).config, own);
});

test('layers that the image hides are left out, and the history keeps their steps', async () => {
  const base = archive({ path: 'file', content: 'x' });
  const opaque = archive({ path: '.wh..wh..opq' }, { path: 'new', content: 'x' });
  const top = archive({ path: 'top', content: 'x' });
  const history = ['A', 'B', 'C', 'D', 'E'].map((step) => ({
    created_by: step,
    ...(step === 'D' && { empty_layer: true }),
  }));
  writeLayout(join(dir, 'hidden'), { layers: [base, top, opaque, top], history });
  await ok('fetch', 'oci:hidden');
  await ok('image', 'export', 'oci:hidden', '-O', 'hidden.tar');
  await ok('fetch', 'docker-archive:hidden.tar');
  const { stdout } = await ok('image', 'tree', 'docker-archive:hidden.tar', '-o', 'json');
  const { layers } = JSON.parse(stdout) as { layers: { createdBy: string }[] };
  assert.deepEqual(
    layers.map(({ createdBy }) => createdBy),
    ['C', 'E'],
  );
});

test('an image of a registry keeps its name, and comes out of standard output too', async () => {
  writeLayout(join(dir, 'served'), { layers: [archive({ path: 'file', content: 'x' })] });
  await using registry = await LayoutRegistry.start(join(dir, 'served'));
  await ok('fetch', registry.ref);
  await ok('image', 'export', registry.ref, '-O', 'named.tar');
  const name = registry.ref.slice('docker://'.length);
  await ok('fetch', `docker-archive:named.tar:${name}`);
  const piped = await pod(['image', 'export', registry.ref, '-O', '-'], { root, cwd: dir });
  assert.equal(piped.stdout, readFileSync(join(dir, 'named.tar'), 'utf8'));
});

test('archives and directories in use can be exported', async () => {
  mkdirSync(join(dir, 'tree/etc'), { recursive: true });
  writeFileSync(join(dir, 'tree/etc/file'), 'x');
  writeFileSync(join(dir, 'files.tar'), ODD_LAYERS[0]!);
  for (const [ref, name] of [
    ['dir:tree', 'tree'],
    ['tar:files.tar', 'files'],
  ] as const) {
    await ok('fetch', ref);
    await ok('image', 'export', ref, '-O', `${name}-image.tar`);
  }
  const [tree] = (await layersOf('docker-archive:tree-image.tar', 'store-3')) as { files: object[] }[];
  assert.deepEqual(tree!.files, readAll(join(dir, 'tree')));
  assert.deepEqual(
    await layersOf('docker-archive:files-image.tar', 'store-3'),
    await layersOf('tar:files.tar', 'store'),
  );
  // No layer can hold such a name.
  writeFileSync(join(dir, 'tree/etc/.wh.file'), '');
  const refused = await pod(['image', 'export', 'dir:tree', '-O', 'x.tar'], { root, cwd: dir });
  assert.equal(refused.exitCode, 1);
  assert.match(refused.stderr, /"etc\/\.wh\.file" has the name of a whiteout/);
  assert.deepEqual(
    readdirSync(dir).filter((name) => name.startsWith('.') || name === 'x.tar'),
    [],
  );
});

test('nothing is written where it must not be, and nothing is left of what failed', async () => {
  const before = readdirSync(dir).toSorted();
  const layer = (JSON.parse((await ok('image', 'inspect', 'oci:odd')).stdout) as { layers: { path: string }[] })
    .layers[0]!;
  for (const [args, code] of [
    [['image', 'export', 'oci:odd'], 2],
    [['image', 'export', '-O', 'x.tar'], 2],
    [['image', 'rm', 'oci:odd', '-O', 'x.tar'], 2],
    [['image', 'export', 'oci:none', '-O', 'x.tar'], 1],
    [['image', 'export', 'oci:odd', '-O', 'none/x.tar'], 1],
  ] as const)
    assert.equal((await pod(args, { root, cwd: dir })).exitCode, code, args.join(' '));
  rmSync(layer.path, { recursive: true });
  const gone = await pod(['image', 'export', 'oci:odd', '-O', 'x.tar'], { root, cwd: dir });
  assert.match(gone.stderr, /layers of it are gone .*\n.*pod image fetch oci:/);
  assert.deepEqual(readdirSync(dir).toSorted(), before);
  assert.deepEqual(readdirSync(join(root, 'images/tmp')), []);
});
