import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { before, test } from 'node:test';
import { type CliOptions, pod, podOk } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { makeBaseImage, manifestOf } from './copy-pods.ts';

const root = useTempRoot();
const work = `${root}/work`;

before(async () => {
  mkdirSync(work);
  await podOk(['run', '-d', '-'], { root, input: manifestOf('files', makeBaseImage(work)) });
});

async function refuse(source: string, target: string, said: RegExp, options: CliOptions = {}): Promise<void> {
  const { exitCode, stderr } = await pod(['cp', source, target], { root, ...options });
  assert.deepEqual([exitCode, stderr.match(/\[.*\]$/m)?.[0]], [1, '[host/refused]'], stderr);
  assert.match(stderr, said);
}

test('a directory replaces no file and no symlink on the host, neither named nor below what is named', async () => {
  mkdirSync(`${work}/k/data/probe`, { recursive: true });
  writeFileSync(`${work}/k/file`, 'precious');
  await refuse('files:/data', `${work}/k/file`, /"file" is a file there, which a directory does not replace/);
  assert.equal(readFileSync(`${work}/k/file`, 'utf8'), 'precious');
  mkdirSync(`${work}/linked`);
  symlinkSync('../k', `${work}/linked/data`);
  await refuse('files:/data', `${work}/linked`, /"data" is a symlink there/);
  assert.equal(readlinkSync(`${work}/linked/data`), '../k');
  await refuse('files:/probe', `${work}/k/data`, /"probe" is a directory there, which a file does not replace/);
  mkdirSync(`${work}/deep/data/plain`, { recursive: true });
  await refuse('files:/data', `${work}/deep`, /"data\/plain" is a directory there/);
});

test('a directory replaces no file in the pod, and a file no directory', async () => {
  mkdirSync(`${work}/d`);
  await refuse(`${work}/d`, 'files:/data/plain', /"plain" is a file there/);
  mkdirSync(`${work}/in/plain`, { recursive: true });
  await refuse(`${work}/in/.`, 'files:/data', /"plain" is a file there/);
  writeFileSync(`${work}/data`, '');
  await refuse(`${work}/data`, 'files:/', /"data" is a directory there/);
  await refuse('files:/data', 'files:/probe', /"probe" is a file there/);
});

test('what is no file is not replaced by one: FIFOs, devices, and what leads to them', async () => {
  execFileSync('mkfifo', [`${work}/fifo`]);
  await refuse('files:/data/plain', `${work}/fifo`, /it is a FIFO/);
  symlinkSync('/dev/null', `${work}/null`);
  await refuse('files:/data/plain', `${work}/null`, /it is a device/);
  await refuse(`${work}/data`, 'files:/dev/null', /"null" is a device there/);
  await refuse('files:/data/plain', '/dev/stdout', /copy to "\/dev\/stdout"/);
  for (const [name, isLink] of [
    ['/dev/null', false],
    ['/dev/stdout', true],
  ] as const)
    assert.deepEqual([lstatSync(name).isFile(), lstatSync(name).isSymbolicLink()], [false, isLink]);
});

test('an empty path names nothing, neither the root of a pod nor the current directory', async () => {
  const calls = [
    ['files:', work],
    [`${work}/data`, 'files:'],
    ['', 'files:/data'],
    ['files:/data', ''],
  ];
  for (const call of calls) {
    const { exitCode, stderr } = await pod(['cp', ...call], { root, cwd: `${work}/d` });
    assert.deepEqual([exitCode, /names no file \[cli\/usage\]/.test(stderr)], [2, true], stderr);
  }
  assert.deepEqual(readdirSync(`${work}/d`), []);
});

test('a source or a directory that is not there is told of by its path', async () => {
  await refuse('files:/data/nope', work, /copy "\/data\/nope": there is no such file/);
  await refuse(`${work}/nope`, 'files:/data', /copy ".*\/work\/nope": there is no such file/);
  await refuse('files:/nope/x', work, /open "\/nope": there is no such directory/);
  await refuse('files:/data/plain', `${work}/nope/x`, /open ".*\/work\/nope": there is no such directory/);
  await refuse('files:/data/plain', `${work}/nope/`, /open ".*\/work\/nope\/": there is no such directory/);
  await refuse('files:/data/plain/', work, /copy "\/data\/plain\/": it is not a directory/);
  await refuse('files:/data/link/', work, /copy "\/data\/link\/": it is not a directory/);
});

test('a directory is not copied into itself without end', async () => {
  mkdirSync(`${work}/itself/sub`, { recursive: true });
  await podOk(['cp', `${work}/itself`, 'files:/'], { root });
  await refuse('files:/itself', 'files:/itself', /copy "itself\/itself": it is the copy itself/);
  await refuse('files:/itself/.', 'files:/itself/sub', /it is the copy itself/);
  await refuse('files:/itself', 'files:/itself/sub/new', /it is the copy itself/);
});

test('a socket has nothing that could be copied', async () => {
  const server = createServer().listen(`${work}/socket`);
  await once(server, 'listening');
  await refuse(`${work}/socket`, 'files:/data', /it is a socket/);
  server.close();
});

test('what comes on standard input and is no archive is told of as that, and nothing of an image', async () => {
  for (const input of ['', 'x'.repeat(3000), `\u001f\u008b${'x'.repeat(600)}`]) {
    const { exitCode, stderr } = await pod(['cp', '-', 'files:/data'], { root, input });
    assert.equal(exitCode, 1);
    assert.match(stderr, /read standard input: .*\[copy\/archive\]/);
    assert.doesNotMatch(stderr, /image/);
  }
});

test('a full disk is that of the place that is written to', async () => {
  const toFull = { wrapper: ['sh', '-c', 'exec "$@" >/dev/full', 'sh'] };
  await refuse('files:/data', '-', /write standard output: ENOSPC: no space left/, toFull);
  const small = `${work}/small`;
  mkdirSync(small);
  writeFileSync(`${work}/big`, Buffer.alloc(1 << 20, 1));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'small', small]);
  try {
    await podOk(['cp', `${work}/big`, 'files:/data/big'], { root });
    await refuse('files:/data/big', small, /copy to ".*\/small", "big": no space left/);
    assert.deepEqual(readdirSync(small), []);
    writeFileSync(`${small}/big`, 'before');
    await refuse('files:/data/big', small, /"big": no space left/);
    assert.deepEqual(
      readdirSync(small).map((name) => readFileSync(`${small}/${name}`, 'utf8')),
      ['before'],
    );
  } finally {
    execFileSync('umount', [small]);
  }
});
