import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { MANIFESTS } from '../../harness/paths.ts';
import { cliEnvironment, type CliResult, commandLine, pod } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { archive } from '../../unit/stage0/image/tar-fixture.ts';
import { ODD_LAYERS, readAll } from './odd-image.ts';
import { snapshot, Workspace, writeLayout } from './workspace.ts';

const root = useTempRoot();
const dir = mkdtempSync('/var/tmp/pod-render-');
after(() => rmSync(dir, { recursive: true }));
const NGINX = `oci:${join(MANIFESTS, 'images/nginx')}`;

async function ok(...args: string[]): Promise<CliResult> {
  const result = await pod(args, { root, cwd: dir });
  assert.equal(result.exitCode, 0, result.stderr);
  return result;
}

interface Seen {
  readonly path: string;
  readonly type: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly linkPath: string;
  readonly xattrs: readonly (readonly [string, string])[];
  readonly devMajor: number;
  readonly devMinor: number;
  readonly mtimeSec: number;
  readonly mtimeNs: number;
}

test('a rendered image is what a pod sees of it: nothing hidden, all else as its layers have it', async () => {
  writeLayout(join(dir, 'odd'), { layers: ODD_LAYERS });
  await ok('fetch', 'oci:odd');
  await ok('image', 'render', 'oci:odd', 'odd-fs');
  const seen = readAll(join(dir, 'odd-fs')) as Seen[];
  const byPath = new Map(seen.map((entry) => [entry.path.slice(2), entry]));
  for (const gone of ['home/gone', 'all/below', 'was-directory/file', 'only/nothing'])
    assert.ok(!byPath.has(gone), gone);
  // The upper layer says nothing about the directory of the lower one, nor about its own root, which is then as a new one.
  const shown = ['', 'home', 'all', 'home/linked', 'home/pipe', 'dev/null', 'dev/disk'].map((path) => {
    const { type, mode, uid, gid, devMajor, devMinor } = byPath.get(path)!;
    return `${path} ${type} ${mode.toString(8)} ${uid}:${gid} ${devMajor}:${devMinor}`;
  });
  assert.deepEqual(shown, [
    ' directory 755 0:0 0:0',
    'home directory 700 1000:1001 0:0',
    'all directory 711 0:0 0:0',
    'home/linked hardlink 4711 70000:2000000 0:0',
    'home/pipe fifo 620 0:0 0:0',
    'dev/null char 666 0:0 1:3',
    'dev/disk block 640 0:0 7:300',
  ]);
  assert.deepEqual(
    [byPath.get('home/linked')!.linkPath, byPath.get('home/second')!.linkPath],
    ['./home/again', './home/link'],
  );
  assert.deepEqual([byPath.get('was-directory')!.type, byPath.get('was-file')!.type], ['file', 'directory']);
  assert.deepEqual(byPath.get('home/noted')!.xattrs, [['user.note', '610a62']]);
  assert.deepEqual(
    byPath.get('home/ping')!.xattrs.map(([name]) => name),
    ['security.capability'],
  );
  assert.deepEqual(
    [byPath.get('home/noted')!.mtimeSec, byPath.get('home/noted')!.mtimeNs],
    [1_700_000_000, 123_456_789],
  );
  assert.ok(seen.every(({ xattrs }) => xattrs.every(([name]) => !name.includes('overlay'))));
});

test('an empty directory is replaced, and nothing else', async () => {
  mkdirSync(join(dir, 'empty'));
  await ok('image', 'render', 'oci:odd', 'empty');
  assert.ok(existsSync(join(dir, 'empty/home/new')));
  writeFileSync(join(dir, 'file'), 'x');
  symlinkSync('nowhere', join(dir, 'dangling'));
  const before = readdirSync(dir).toSorted();
  for (const [target, code] of [
    ['empty', 1],
    ['file', 1],
    ['dangling', 1],
    ['none/below', 1],
    ['', 2],
  ] as const)
    assert.equal((await pod(['image', 'render', 'oci:odd', target], { root, cwd: dir })).exitCode, code, target);
  assert.equal((await pod(['image', 'render', 'oci:odd'], { root, cwd: dir })).exitCode, 2);
  assert.deepEqual(readdirSync(dir).toSorted(), before);
});

test('no name and no link of an image leads a rendering out of its directory', async () => {
  using work = new Workspace();
  const before = snapshot(work.canary);
  const climb = '../'.repeat(12);
  const link = (path: string, linkPath: string): { path: string; type: string; linkPath: string } => ({
    path,
    type: '2',
    linkPath,
  });
  writeLayout(join(work.dir, 'bad'), {
    layers: [
      archive(link('etc', work.canary), link('usr', `${climb}${work.canary}`), link('file', `${work.canary}/file`)),
      archive({ path: 'etc', type: '5', mode: 0o755 }, { path: 'etc/file', content: 'x' }),
      archive({ path: 'file', content: 'x' }, { path: '.wh.usr' }, { path: 'usr/dir/inner', content: 'x' }),
    ],
  });
  await ok('fetch', `oci:${work.dir}/bad`);
  await ok('image', 'render', `oci:${work.dir}/bad`, join(work.dir, 'fs'));
  assert.equal(snapshot(work.canary), before);
  assert.deepEqual(
    readAll(join(work.dir, 'fs')).map((entry) => `${(entry as Seen).path} ${(entry as Seen).type}`),
    [
      '. directory',
      './etc directory',
      './etc/file file',
      './file file',
      './usr directory',
      './usr/dir directory',
      './usr/dir/inner file',
    ],
  );
});

test('a directory in use is rendered with names that would be whiteouts in a layer, and what lies below a mount is not', async () => {
  mkdirSync(join(dir, 'used'));
  writeFileSync(join(dir, 'used/.wh.name'), 'x');
  chmodSync(join(dir, 'used'), 0o711);
  await ok('fetch', 'dir:used');
  await ok('image', 'render', 'dir:used', 'used-fs');
  assert.deepEqual(readAll(join(dir, 'used-fs')), readAll(join(dir, 'used')));
});

for (const [word, ...rest] of [
  ['render', 'out'],
  ['export', '-O', 'out'],
] as const) {
  test(`an interrupted ${word} leaves nothing`, async () => {
    await ok('fetch', NGINX);
    const before = readdirSync(dir).toSorted();
    const child = spawn(process.execPath, commandLine(['image', word, NGINX, ...rest], root), {
      cwd: dir,
      env: cliEnvironment(),
    });
    const ended = once(child, 'exit') as Promise<[number | null, string | null]>;
    // It has made its place in the store once it begins.
    const tmp = join(root, 'images/tmp');
    while (readdirSync(tmp).length === 0 && child.exitCode === null) await sleep(5);
    child.kill('SIGINT');
    assert.deepEqual(await ended, [130, null]);
    assert.deepEqual(readdirSync(dir).toSorted(), before);
    assert.deepEqual(readdirSync(tmp), []);
  });
}
