import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { test } from 'node:test';
import { eventually } from '../../harness/eventually.ts';
import { POD_BIN } from '../../harness/paths.ts';
import { cliEnvironment, commandLine, pod, podOk } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { entriesOf, makeBaseImage, manifestOf } from './copy-pods.ts';
import { shellManifest } from './shell-manifest.ts';

const root = useTempRoot();
const work = `${root}/work`;
mkdirSync(work);

async function exportOf(name: string, image: string): Promise<string> {
  await podOk(['run', '-d', '-'], { root, input: manifestOf(name, image) });
  const archive = `${work}/${name}.tar`;
  await podOk(['export', name, '-O', archive], { root });
  return archive;
}

test('an exported root runs as an image, and exported again has the same files', async () => {
  const first = await exportOf('first', makeBaseImage(work));
  assert.equal(statSync(first).mode & 0o777, 0o600);
  const entries = entriesOf(first);
  const data = (name: string): object => {
    const { type, mode, uid, gid, linkPath, xattrs } = entries.get(`data/${name}`)!;
    return { type, mode, uid, gid, linkPath, xattrs: xattrs.map(([key, value]) => `${key}=${value.toString('hex')}`) };
  };
  const plain = { type: 'file', mode: 0o644, uid: 0, gid: 0, linkPath: '', xattrs: [] as string[] };
  assert.deepEqual(data('setuid'), { ...plain, mode: 0o4751, uid: 1000, gid: 33 });
  assert.deepEqual(data('capable'), {
    ...plain,
    xattrs: ['security.capability=0100000200200000000000000000000000000000'],
  });
  assert.deepEqual(data('attributed'), { ...plain, xattrs: ['user.note=6b657074'] });
  assert.deepEqual(data('same'), { ...plain, type: 'hardlink', linkPath: 'data/plain' });
  assert.deepEqual(data('link'), { ...plain, type: 'symlink', mode: 0o777, linkPath: '/etc/passwd' });
  assert.equal(entries.get('data/fifo')?.type, 'fifo');
  assert.equal(entries.get(`data/${'n'.repeat(200)}`)?.size, 5);
  assert.equal(entries.get('data/new\nline')?.size, 8);
  for (const place of ['proc', 'sys', 'dev']) {
    const { type, uid, gid } = entries.get(place)!;
    assert.deepEqual([type, uid, gid], ['directory', 0, 0]);
    assert.equal(
      [...entries.keys()].some((path) => path.startsWith(`${place}/`)),
      false,
    );
  }
  const again = entriesOf(await exportOf('second', first));
  const inData = (all: typeof entries): unknown[] => [...all.values()].filter(({ path }) => path.startsWith('data'));
  assert.deepEqual(inData(again), inData(entries));
});

test("what has exited is exported as it was left, of the host's image in its parts as well", async () => {
  const running = entriesOf(`${work}/second.tar`);
  await podOk(['stop', 'second'], { root });
  await podOk(['export', 'second', '-O', `${work}/left.tar`], { root });
  const left = entriesOf(`${work}/left.tar`);
  const inData = (all: typeof left): unknown[] => [...all.values()].filter(({ path }) => path.startsWith('data'));
  assert.deepEqual(inData(left), inData(running));
  const script = 'echo new >/etc/new; rm /etc/hostname; chown 33:44 /etc/new; echo x >/usr/newer';
  await pod(['run', '-'], { root, input: shellManifest('host', { app: script }) });
  const names = ['etc/new', 'usr/newer', 'usr/bin/env'];
  for (const name of names)
    await podOk(['cp', `host:/${name}`, `./${basename(name)}-${name.length}`], { root, cwd: work });
  assert.deepEqual(
    ['new-7', 'newer-9'].map((name) => readFileSync(`${work}/${name}`, 'utf8')),
    ['new\n', 'x\n'],
  );
  const { uid, gid } = statSync(`${work}/new-7`);
  assert.deepEqual([uid, gid, statSync(`${work}/env-11`).uid], [33, 44, 0]);
  const gone = await pod(['cp', 'host:/etc/hostname', '.'], { root, cwd: work });
  assert.equal(gone.exitCode, 1);
});

test('an app that is not there is refused, and leaves no file', async () => {
  const unknown = await pod(['export', 'first', '-a', 'nope', '-O', `${work}/gone.tar`], { root });
  assert.match(unknown.stderr, /\[pod\/app-not-found\]/);
  assert.deepEqual([unknown.exitCode, existsSync(`${work}/gone.tar`)], [1, false]);
});

test('an archive that cannot be written is told of by where it was to go', async () => {
  const cases: [string, RegExp, string[]?][] = [
    [`${work}/nope/x.tar`, /write ".*\/nope\/x.tar": no such file or directory \(ENOENT\) \[host\/refused\]/],
    [work, /write ".*\/work": .*\(EISDIR\) \[host\/refused\]/],
    ['/dev/full', /write "\/dev\/full": no space left/],
    ['-', /write standard output: ENOSPC: no space left/, ['sh', '-c', 'exec "$@" >/dev/full', 'sh']],
  ];
  for (const [target, said, wrapper] of cases) {
    const { exitCode, stderr } = await pod(['export', 'first', '-O', target], { root, wrapper });
    assert.equal(exitCode, 1);
    assert.match(stderr, said);
    assert.doesNotMatch(stderr, /image|store|partial/);
  }
});

test('of an export that is interrupted nothing is left, and what was there stays', async () => {
  await podOk(['run', '-d', '-'], { root, input: shellManifest('large', { app: 'sleep 1000' }) });
  const directory = `${work}/interrupted`;
  mkdirSync(directory);
  writeFileSync(`${directory}/x.tar`, 'before');
  const child = spawn(process.execPath, commandLine(['export', 'large', '-O', `${directory}/x.tar`], root), {
    stdio: 'ignore',
    env: cliEnvironment(),
  });
  const exited = once(child, 'exit');
  const fds = `/proc/${child.pid}/fd`;
  const isWritten = (fd: string): boolean => {
    const target = readlinkSync(`${fds}/${fd}`);
    return target.startsWith(directory) && statSync(`${fds}/${fd}`).size > 0;
  };
  await eventually(async () => assert.ok(readdirSync(fds).some(isWritten)));
  child.kill('SIGINT');
  assert.deepEqual(await exited, [null, 'SIGINT']);
  assert.deepEqual(readdirSync(directory), ['x.tar']);
  assert.equal(readFileSync(`${directory}/x.tar`, 'utf8'), 'before');
});

test(
  'a file of 8 TB with a byte in it is copied and archived as that byte, for GNU tar too',
  { timeout: 120_000 },
  async () => {
    const script =
      'truncate -s 8T /srv/big; printf x | dd of=/srv/big bs=1 seek=5T conv=notrunc 2>/dev/null; : >/srv/made; sleep 1000';
    await podOk(['run', '-d', '-'], { root, input: shellManifest('holes', { app: script }) });
    await eventually(() => podOk(['cp', 'holes:/srv/made', `${work}/made`], { root }));
    await podOk(['cp', 'holes:/srv', `${work}/srv`], { root });
    const { size, blocks } = statSync(`${work}/srv/big`);
    assert.deepEqual([size, blocks < 100], [8 * 2 ** 40, true]);
    const archive = `${work}/srv.tar`;
    execFileSync('sh', [
      '-c',
      `"$1" "$2" cp --root "$3" holes:/srv - > "$4"`,
      'sh',
      process.execPath,
      POD_BIN,
      root,
      archive,
    ]);
    const big = entriesOf(archive).get('srv/big')!;
    assert.deepEqual([big.size, big.extents], [8 * 2 ** 40, [{ offset: 5 * 2 ** 40, length: 4096 }]]);
    const listed = execFileSync('tar', ['-tvf', archive], { encoding: 'utf8' });
    assert.match(listed, / 8796093022208 .* srv\/big$/m);
  },
);
