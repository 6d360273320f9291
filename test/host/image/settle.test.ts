import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { PodErrors, run } from '../../../stages/stage0/index.ts';
import { PROBE } from '../../harness/paths.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { archive, type FixtureEntry } from '../../unit/stage0/image/tar-fixture.ts';
import { Workspace, writeLayout } from './workspace.ts';

const root = useTempRoot();

/** What overlayfs makes of an image: path, type, mode, owner and time of each name, by `find`. */
async function shown(...layers: readonly (readonly FixtureEntry[])[]): Promise<string[]> {
  using work = new Workspace();
  writeLayout(join(work.dir, 'layout'), { layers: layers.map((entries) => archive(...entries)) });
  const image = await work.resolve('oci:layout');
  assert.deepEqual((await work.resolve('oci:layout')).mounts, image.mounts);
  assert.deepEqual(work.leftovers(), []);
  const [upper, at] = [join(work.dir, 'upper'), join(work.dir, 'at')];
  for (const dir of [upper, at]) mkdirSync(dir);
  const lower = [upper, ...image.mounts[0]!.layers.toReversed()].join(':');
  const script =
    'mount -t overlay -o "ro,lowerdir=$1" pod "$2" && cd "$2" && find . -mindepth 1 -printf "%P %y %m %U %Ts\\n"';
  const text = execFileSync('unshare', ['-m', 'sh', '-c', script, 'sh', lower, at], { encoding: 'utf8' });
  return text.split('\n').slice(0, -1).toSorted();
}

const directory = (path: string, more: object = {}): FixtureEntry => ({ path, type: '5', mode: 0o755, ...more });

test('a directory that the upper layer only writes into keeps its owner, mode and time', async () => {
  const lines = await shown(
    [
      directory('tmp', { mode: 0o1777, mtime: 100 }),
      directory('home', { mtime: 200 }),
      directory('home/web', { mode: 0o700, uid: 33, mtime: 300 }),
      directory('home/web/cache', { mode: 0o2770, uid: 33, mtime: 400 }),
      directory('srv', { mode: 0o750, mtime: 500 }),
      directory('opt', { mode: 0o711, mtime: 600 }),
      { path: 'opt/old' },
    ],
    [
      { path: 'tmp/x', mtime: 1 },
      { path: 'home/web/cache/x', mtime: 1 },
      directory('srv', { mode: 0o700, mtime: 501 }),
    ],
    [{ path: 'srv/x', mtime: 1 }, { path: 'opt/.wh..wh..opq' }, { path: 'new/x', mtime: 1 }],
  );
  assert.deepEqual(lines, [
    'home d 755 0 200',
    'home/web d 700 33 300',
    'home/web/cache d 2770 33 400',
    'home/web/cache/x f 644 0 1',
    'new d 755 0 0',
    'new/x f 644 0 1',
    'opt d 711 0 600',
    'srv d 700 0 501',
    'srv/x f 644 0 1',
    'tmp d 1777 0 100',
    'tmp/x f 644 0 1',
  ]);
});

test('a directory that was removed, or is something else below, is none of the lower ones', async () => {
  const lines = await shown(
    [
      directory('a', { mode: 0o700, mtime: 1 }),
      directory('b', { mode: 0o700 }),
      { path: 'c' },
      { path: 'd', type: '2', linkPath: 'b' },
    ],
    [{ path: '.wh.a' }, { path: 'a/x', mtime: 1 }, { path: 'b', mtime: 2 }, { path: 'c/x', mtime: 1 }],
    [{ path: '.wh.b' }, { path: 'd/x', mtime: 1 }],
  );
  const made = ['a', 'c', 'd'].flatMap((name) => [`${name} d 755 0 0`, `${name}/x f 644 0 1`]);
  assert.deepEqual(lines, made);
});

test('a whiteout is not listed where no lower layer has its directory, or another entry hides it', async () => {
  const lines = await shown(
    [directory('a', { mtime: 1 }), { path: 'a/.wh.x' }, directory('o', { mtime: 2 }), { path: 'o/low' }],
    [{ path: 'b/.wh.x' }, { path: 'b/c/.wh.y' }, { path: 'o/.wh..wh..opq' }, { path: 'o/.wh.low' }],
    [{ path: 'f', mtime: 1 }, directory('f', { mtime: 3 })],
  );
  assert.deepEqual(lines, ['a d 755 0 1', 'b d 755 0 0', 'b/c d 755 0 0', 'f d 755 0 3', 'o d 755 0 2']);
});

test('an opaque root hides all that is below its layer, and nothing above', async () => {
  const lines = await shown(
    [{ path: 'low' }, directory('d', { mode: 0o700 }), { path: 'd/low' }],
    [{ path: '.wh..wh..opq' }, { path: 'd/middle', mtime: 1 }],
    [{ path: 'd/high', mtime: 1 }],
  );
  assert.deepEqual(lines, ['d d 755 0 0', 'd/high f 644 0 1', 'd/middle f 644 0 1']);
});

test('the most layers an image may have can be mounted, and one more is refused by its number', async () => {
  using work = new Workspace();
  const layersOf = (count: number): Buffer[] => [
    archive(directory('etc', { mtime: 1 }), { path: 'probe', mode: 0o755, content: readFileSync(PROBE) }),
    ...Array.from({ length: count - 1 }, (_, index) => archive({ path: `etc/n${index}` })),
  ];
  const runLayers = async (count: number): Promise<number> => {
    writeLayout(join(work.dir, `of-${count}`), { layers: layersOf(count) });
    const app = { name: 'main', image: `oci:${work.dir}/of-${count}`, exec: ['/probe'] };
    const manifest = { apiVersion: 'pod/v1', kind: 'Pod', metadata: { name: 'layers' }, network: { mode: 'none' } };
    await using pod = await run({ ...manifest, apps: [app] }, { root });
    return await pod.exit;
  };
  assert.equal(await runLayers(497), 0);
  await assert.rejects(runLayers(498), (error) => error instanceof PodErrors && /498 layers/.test(error.message));
});
