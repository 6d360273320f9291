import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { before, test } from 'node:test';
import { pod, podOk } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { eventually } from '../../harness/eventually.ts';
import { POD_BIN, PROBE } from '../../harness/paths.ts';
import { newRandom } from '../../fault/random.ts';
import { entriesOf, makeBaseImage, manifestOf } from './copy-pods.ts';
import { shellManifest } from './shell-manifest.ts';

const root = useTempRoot();
const work = `${root}/work`;

before(async () => {
  mkdirSync(work);
  await podOk(['run', '-d', '-'], { root, input: manifestOf('files', makeBaseImage(work)) });
});

const cp = (...args: string[]): Promise<string> => podOk(['cp', ...args], { root });

test('a file goes into the pod and comes back with its owner, mode and time', async () => {
  writeFileSync(`${work}/in`, 'hello', { mode: 0o640 });
  execFileSync('chown', ['12:34', `${work}/in`]);
  utimesSync(`${work}/in`, 1_000_000_000, 1_000_000_000);
  await cp(`${work}/in`, 'files:/data/renamed');
  await cp('files:/data/renamed', `${work}/back`);
  const { uid, gid, mode, mtimeMs } = statSync(`${work}/back`);
  assert.deepEqual([uid, gid, mode & 0o7777, mtimeMs], [12, 34, 0o640, 1_000_000_000_000]);
  assert.equal(readFileSync(`${work}/back`, 'utf8'), 'hello');
});

test('a directory comes out without privileges and FIFOs, its symlink unfollowed, and goes in through an archive', async () => {
  await cp('files:/data', `${work}/tree-out`);
  const names = readdirSync(`${work}/tree-out`);
  assert.ok(!names.includes('fifo') && names.includes('new\nline'));
  assert.equal(readlinkSync(`${work}/tree-out/link`), '/etc/passwd');
  assert.equal(statSync(`${work}/tree-out/setuid`).mode & 0o7777, 0o751);
  assert.equal(statSync(`${work}/tree-out/same`).nlink, 2);
  const archive = `${work}/tree-out.tar`;
  execFileSync('sh', [
    '-c',
    `tar -C "$1" -cf - tree-out | "$2" "$3" cp --root "$4" - files:/data`,
    'sh',
    work,
    process.execPath,
    POD_BIN,
    root,
  ]);
  execFileSync('sh', [
    '-c',
    `"$2" "$3" cp --root "$4" files:/data/tree-out - > "$1"`,
    'sh',
    archive,
    process.execPath,
    POD_BIN,
    root,
  ]);
  assert.equal(entriesOf(archive).get('tree-out/plain')?.size, 6);
});

test('paths of the pod end at its root, and its kernel file systems are closed', async () => {
  const { exitCode, stderr } = await pod(['cp', 'files:/../../../../var/tmp', `${work}/escaped`], { root });
  assert.equal(exitCode, 1);
  assert.match(stderr, /no such/);
  const intoProc = await pod(['cp', `${work}/in`, 'files:/proc/sys/kernel'], { root });
  assert.match(intoProc.stderr, /file system of the kernel \[host\/refused\]/);
  assert.equal(existsSync(`${work}/escaped`), false);
});

test(
  'a directory that becomes a symlink again and again leads nothing out of the pod, in neither direction',
  { timeout: 180_000 },
  async () => {
    const canary = `${work}/canary`;
    mkdirSync(canary);
    writeFileSync(`${canary}/file`, 'outside');
    const script = `mkdir -p /srv/real; echo inside > /srv/real/file; ln -s ${canary} /srv/bad
    cd /srv; mv real dir; while :; do mv dir real; mv bad dir; mv dir bad; mv real dir; done`;
    await podOk(['run', '-d', '-'], { root, input: shellManifest('racer', { app: script }) });
    mkdirSync(`${work}/payload/dir`, { recursive: true });
    writeFileSync(`${work}/payload/dir/planted`, 'planted');
    const random = newRandom(20);
    const target = `${work}/raced`;
    const attempts = [
      ['cp', 'racer:/srv/dir/.', target],
      ['cp', `${work}/payload/dir/planted`, 'racer:/srv/dir/'],
      ['cp', `${work}/payload/.`, 'racer:/srv'],
    ];
    // Each of the two things the name can be must have been met in each direction, or nothing was raced. That takes some thirty
    // tries, and now and then a hundred.
    const met = new Set<string>();
    for (let i = 0; met.size < 4 || i < 20; i++) {
      const attempt = random(attempts.length);
      // It may fail: what it tries to copy is taken away from it.
      const { exitCode } = await pod(attempts[attempt]!, { root });
      met.add(`${attempt === 0 ? 'out' : 'in'} ${exitCode === 0 ? 'directory' : 'symlink'}`);
      if (!existsSync(`${target}/file`)) continue;
      assert.equal(readFileSync(`${target}/file`, 'utf8'), 'inside\n');
      rmSync(target, { recursive: true });
    }
    assert.deepEqual(readdirSync(canary), ['file']);
  },
);

test('a tree goes into a file system of the pod itself, where root of the host has no number', async () => {
  mkdirSync(`${work}/deep/in`, { recursive: true });
  writeFileSync(`${work}/deep/in/file`, 'deep', { mode: 0o640 });
  execFileSync('sh', ['-c', 'chown 12:34 deep/in deep/in/file; ln deep/in/file deep/same; ln -s same deep/link'], {
    cwd: work,
  });
  await cp(`${work}/deep`, 'files:/dev/shm/deep');
  await cp(`${work}/deep/.`, 'files:/dev/shm/deep');
  await cp('files:/dev/shm/deep', `${work}/deep-back`);
  const look = 'stat -c "%n %u:%g %a %h %F" . in in/file same link; cat link';
  const seen = (name: string): string => execFileSync('sh', ['-c', look], { cwd: `${work}/${name}`, encoding: 'utf8' });
  assert.equal(seen('deep-back'), seen('deep'));
});

test('a FIFO is refused without waiting for a writer, and a hole stays a hole', async () => {
  const { exitCode, stderr } = await pod(['cp', 'files:/data/fifo', `${work}/fifo`], { root, timeoutMs: 30_000 });
  assert.equal(exitCode, 1);
  assert.match(stderr, /it is a FIFO/);
  await cp('files:/data/sparse', `${work}/sparse`);
  const { size, blocks } = statSync(`${work}/sparse`);
  assert.equal(size, 16 * 1024 * 1024);
  assert.ok(blocks * 512 <= 1024 * 1024, `${blocks} blocks`);
});

test('a read-only volume stays as it is, and the error says so', async () => {
  mkdirSync(`${work}/volume`);
  const manifest = JSON.parse(manifestOf('closed', `${work}/base.tar`)) as Record<string, unknown> & {
    apps: Record<string, unknown>[];
  };
  manifest['volumes'] = [{ name: 'v', kind: 'host', source: `${work}/volume`, readOnly: true }];
  manifest.apps[0]!['mounts'] = [{ volume: 'v', path: '/v' }];
  await podOk(['run', '-d', '-'], { root, input: JSON.stringify(manifest) });
  const { exitCode, stderr } = await pod(['cp', `${work}/in`, 'closed:/v/'], { root });
  assert.equal(exitCode, 1);
  assert.match(stderr, /read-only[^]*\[host\/refused\]/i);
  assert.deepEqual(readdirSync(`${work}/volume`), []);
});

test('what is mounted in the pod with owners of its own is written to as the rest: a host directory, a volume in memory', async () => {
  mkdirSync(`${work}/mapped/others`, { recursive: true });
  execFileSync('chown', ['33:33', `${work}/mapped/others`]);
  const manifest = JSON.parse(manifestOf('volumes', `${work}/base.tar`)) as Record<string, unknown> & {
    apps: Record<string, unknown>[];
  };
  manifest['volumes'] = [
    { name: 'host', kind: 'host', source: `${work}/mapped` },
    { name: 'memory', kind: 'empty', medium: 'memory' },
  ];
  manifest.apps[0]!['mounts'] = [
    { volume: 'host', path: '/host' },
    { volume: 'memory', path: '/memory' },
  ];
  await podOk(['run', '-d', '-'], { root, input: JSON.stringify(manifest) });
  mkdirSync(`${work}/tree/sub`, { recursive: true });
  writeFileSync(`${work}/tree/sub/file`, 'text');
  execFileSync('chown', ['-R', '12:34', `${work}/tree/sub`]);
  for (const target of ['/host', '/host/others', '/memory']) {
    await cp(`${work}/tree/.`, `volumes:${target}`);
    await cp(`volumes:${target}/sub/file`, `${work}/from-volume`);
    const { uid, gid } = statSync(`${work}/from-volume`);
    assert.deepEqual([uid, gid, readFileSync(`${work}/from-volume`, 'utf8')], [12, 34, 'text']);
  }
  assert.equal(statSync(`${work}/mapped/sub`).uid, 12);
});

test('from one pod to another owners keep their numbers, and what has exited is read but not written', async () => {
  await podOk(['run', '-d', '-'], { root, input: manifestOf('other', `${work}/base.tar`) });
  await cp('files:/data', 'other:/copied');
  const archive = `${work}/other.tar`;
  await podOk(['stop', 'other'], { root });
  await podOk(['export', 'other', '-O', archive], { root });
  const entries = entriesOf(archive);
  const { uid, gid, mode } = entries.get('copied/setuid')!;
  assert.deepEqual([uid, gid, mode], [1000, 33, 0o4751]);
  assert.equal(entries.get('copied/same')?.type, 'hardlink');
  assert.equal(entries.get('data/setuid')?.uid, 1000);
  await cp('other:/copied/plain', 'files:/data/returned');
  await cp('files:/data/returned', `${work}/returned`);
  assert.equal(readFileSync(`${work}/returned`, 'utf8'), 'plain\n');
  const refused = await pod(['cp', `${work}/in`, 'other:/'], { root });
  assert.match(refused.stderr, /it has exited \[pod\/state\]/);
});

test('an app that made itself another root is asked for the one it was given', async () => {
  const script = `mkdir -p /srv/fake; echo fake >/srv/fake/mark && echo true >/mark && : >/srv/ready && exec chroot /srv/fake /probe hold`;
  const probe = { volume: 'probe', path: '/srv/fake/probe' };
  const manifest = JSON.parse(shellManifest('chrooted', { app: { script, mounts: [probe] } })) as object;
  const volumes = [{ name: 'probe', kind: 'host', source: PROBE, readOnly: true }];
  await podOk(['run', '-d', '-'], { root, input: JSON.stringify({ ...manifest, volumes }) });
  await eventually(() => cp('chrooted:/srv/ready', `${work}/ready`));
  await eventually(async () => assert.match(await podOk(['top', 'chrooted'], { root }), /probe hold/));
  await cp('chrooted:/mark', `${work}/mark`);
  assert.equal(readFileSync(`${work}/mark`, 'utf8'), 'true\n');
});
