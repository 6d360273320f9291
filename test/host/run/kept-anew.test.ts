import assert from 'node:assert/strict';
import {
  mkdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { test } from 'node:test';
import { execa } from 'execa';
import { PROBE } from '../../harness/paths.ts';
import { cliEnvironment, commandLine, pod, podOk } from '../../harness/pod-cli.ts';
import type { ProbeReport } from '../../harness/probe-report.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { archive } from '../../unit/stage0/image/tar-fixture.ts';
import { writeLayout } from '../image/workspace.ts';
import { Folder, type KeptRun, plansIn, runTimed } from './kept-runs.ts';
import { shellManifest } from './shell-manifest.ts';

const folder = new Folder();
const root = useTempRoot();

/** Runs until it is started from what was kept, which is the second time. */
async function settle(args: readonly string[]): Promise<KeptRun> {
  await runTimed(root, ['--rm', ...args]);
  const second = await runTimed(root, ['--rm', ...args]);
  assert.equal(second.isFromKept, true);
  return second;
}

async function isCompiledAnew(args: readonly string[]): Promise<KeptRun> {
  const found = await runTimed(root, ['--rm', ...args]);
  assert.equal(found.isFromKept, false);
  return found;
}

test('another text is another pod, though it is as long and as old', async () => {
  const text = (word: string): string => shellManifest('text', { a: `echo ${word}` });
  const file = folder.write('text.yaml', text('one'));
  assert.equal((await settle([file])).stdout, 'one');
  const { atime, mtime } = statSync(file);
  folder.write('text.yaml', text('two'));
  utimesSync(file, atime, mtime);
  assert.equal((await isCompiledAnew([file])).stdout, 'two');
  assert.equal((await settle([file])).stdout, 'two');
});

test('--name is the pod’s and the host’s name, whatever was kept without it', async () => {
  const file = folder.write('name.yaml', shellManifest('name', { a: 'uname -n' }));
  assert.equal((await settle([file])).stdout, 'name');
  assert.equal((await isCompiledAnew(['--name', 'other', file])).stdout, 'other');
  assert.equal((await settle([file])).stdout, 'name');
  assert.equal((await settle(['--name', 'other', file])).stdout, 'other');
});

test('--net takes effect, whatever was kept without it', async () => {
  const file = folder.write('net.yaml', shellManifest('net', { a: 'ls /sys/class/net' }));
  assert.equal((await settle([file])).stdout, 'lo');
  assert.equal((await isCompiledAnew(['--net', 'bridge', file])).stdout, 'eth0\nlo');
  assert.equal((await settle(['--net', 'bridge', file])).stdout, 'eth0\nlo');
  assert.equal((await settle([file])).stdout, 'lo');
});

test('a host volume that became a file is mounted as one', async () => {
  const source = folder.path('source');
  mkdirSync(source);
  writeFileSync(`${source}/inner`, '');
  const file = folder.write('volume.yaml', volumeManifest('test -d /data && ls /data || cat /data'));
  assert.equal((await settle([file])).stdout, 'inner');
  rmSync(source, { recursive: true });
  writeFileSync(source, 'I am a file');
  assert.equal((await isCompiledAnew([file])).stdout, 'I am a file');
  assert.equal((await settle([file])).stdout, 'I am a file');
  rmSync(source);
  mkdirSync(source);
  assert.equal((await isCompiledAnew([file])).stdout, '');
  rmdirSync(source);
});

test('a part of a host volume that became a file is mounted as one', async () => {
  const part = folder.path('source/part');
  mkdirSync(part, { recursive: true });
  const script = 'test -d /data && echo directory || cat /data';
  const file = folder.write('part.yaml', volumeManifest(script, ', subPath: part'));
  assert.equal((await settle([file])).stdout, 'directory');
  rmdirSync(part);
  writeFileSync(part, 'I am a file');
  assert.equal((await isCompiledAnew([file])).stdout, 'I am a file');
  assert.equal((await settle([file])).stdout, 'I am a file');
  rmSync(folder.path('source'), { recursive: true });
});

test('a host volume that vanished is an error at its line, as in a first run', async () => {
  const source = folder.path('source');
  mkdirSync(source);
  const file = folder.write('vanished.yaml', volumeManifest('ls /data'));
  await settle([file]);
  rmdirSync(source);
  for (const target of [undefined, 'nowhere', 'source']) {
    if (target !== undefined) symlinkSync(target, source);
    const { exitCode, stderr } = await pod(['run', '--rm', file], { root });
    assert.equal(exitCode, 125);
    assert.ok(stderr.includes(`[manifest/reference]`) && stderr.includes(`${file}:6:`), stderr);
    const fresh = await pod(['run', '--rm', file], { root: `${root}/fresh` });
    assert.equal(stderr, fresh.stderr);
    rmSync(source, { force: true });
  }
});

test('an image whose index names another is that other', async () => {
  const file = folder.write('image.yaml', imageManifest());
  writeImage('first');
  assert.equal(whichOf(await settle([file])), 'first');
  writeImage('second');
  assert.equal(whichOf(await isCompiledAnew([file])), 'second');
  assert.equal(whichOf(await settle([file])), 'second');
  // Back again: the layer is in the store still, but the index is a new file.
  writeImage('first');
  assert.equal(whichOf(await isCompiledAnew([file])), 'first');
});

test('a layer that was removed from the store is unpacked again', async () => {
  const file = folder.write('layer.yaml', imageManifest());
  writeImage('layered');
  await settle([file]);
  rmSync(`${root}/images/layers`, { recursive: true });
  assert.equal(whichOf(await isCompiledAnew([file])), 'layered');
  assert.equal(whichOf(await settle([file])), 'layered');
});

test('an image that is gone is an error, as in a first run', async () => {
  const file = folder.write('gone.yaml', imageManifest());
  writeImage('gone');
  await settle([file]);
  rmSync(folder.path('layout'), { recursive: true });
  const { exitCode, stderr } = await pod(['run', '--rm', file], { root });
  assert.equal(exitCode, 125);
  assert.ok(stderr.includes('[image/reference]') && stderr.includes(`${file}:`), stderr);
});

test('an image that is a directory is looked into at each start', async () => {
  const dir = folder.path('rootfs');
  mkdirSync(`${dir}/etc`, { recursive: true });
  writeFileSync(`${dir}/probe`, readFileSync(PROBE), { mode: 0o755 });
  const text = JSON.parse(imageManifest()) as { apps: object[] };
  text.apps[0] = { name: 'a', image: 'dir:./rootfs', exec: ['/probe'], user: 'somebody' };
  const file = folder.write('dir.yaml', JSON.stringify(text));
  for (const uid of [33, 44]) {
    writeFileSync(`${dir}/etc/passwd`, `somebody:x:${uid}:${uid}::/:/bin/sh\n`);
    for (let i = 0; i < 2; i++) assert.equal(reportOf(await isCompiledAnew([file])).uid[0], uid);
  }
});

test('a plan that is damaged, or of another boot or build, is made anew', async () => {
  const file = folder.write('damage.yaml', shellManifest('damage', { a: 'echo fine' }));
  rmSync(`${root}/plans`, { recursive: true });
  await settle([file]);
  const [plan] = plansIn(root);
  const whole = readFileSync(plan!);
  const rewrite = (name: string): void => {
    const text = whole.toString('latin1');
    const [own] = new RegExp(`(?<="${name}":")[^"]+`).exec(text)!;
    writeFileSync(plan!, text.replace(own, own.replaceAll(/[0-9a-f]/g, '0')), 'latin1');
  };
  const spoilers: Record<string, () => void> = {
    'is empty': () => truncateSync(plan!, 0),
    'was cut': () => truncateSync(plan!, whole.length - 1000),
    'is something else': () => writeFileSync(plan!, 'something else entirely'),
    'is of another boot': () => rewrite('bootId'),
    'is of another build': () => rewrite('build'),
  };
  for (const [what, spoil] of Object.entries(spoilers)) {
    spoil();
    const { stdout, stderr } = await isCompiledAnew([file]);
    assert.deepEqual([stdout, stderr], ['fine', ''], what);
    assert.equal((await runTimed(root, ['--rm', file])).isFromKept, true, what);
  }
});

test('limits of the caller that became tighter are those of the pod', async () => {
  const file = folder.write('limits.yaml', shellManifest('limits', { a: 'ulimit -Hn' }));
  const before = Number((await settle([file])).stdout);
  const lower = String(before - 100);
  const args = [
    '-c',
    `ulimit -n ${lower}; exec "$@"`,
    'sh',
    process.execPath,
    ...commandLine(['run', '--rm', file], root),
  ];
  const { stdout } = await execa('/bin/sh', args, { env: cliEnvironment(), extendEnv: false });
  const fresh = await podOk(['run', '--rm', file], { root: `${root}/fresh` });
  assert.deepEqual([stdout, fresh], [lower, String(before)]);
});

function volumeManifest(script: string, mount = ''): string {
  return [
    'apiVersion: pod/v1',
    'kind: Pod',
    'metadata: {name: volume}',
    'network: {mode: none}',
    'volumes:',
    '  - {name: data, kind: host, source: ./source}',
    'apps:',
    `  - {name: a, image: host, exec: [/bin/sh, -c, '${script}'], mounts: [{volume: data, path: /data${mount}}]}`,
    '',
  ].join('\n');
}

function imageManifest(): string {
  const apps = [{ name: 'a', image: 'oci:./layout' }];
  return JSON.stringify({
    apiVersion: 'pod/v1',
    kind: 'Pod',
    metadata: { name: 'image' },
    network: { mode: 'none' },
    apps,
  });
}

/** An image of nothing but the probe, which says by its environment which it is; its layers differ too. */
function writeImage(which: string): void {
  const probe = { path: 'probe', content: readFileSync(PROBE), mode: 0o755 };
  writeLayout(folder.path('layout'), {
    layers: [archive(probe, { path: 'which', content: which })],
    config: { Entrypoint: ['/probe'], Env: [`WHICH=${which}`] },
  });
}

function reportOf({ exitCode, stdout, stderr }: KeptRun): ProbeReport {
  assert.equal(exitCode, 0, stderr);
  return JSON.parse(stdout.replaceAll('\n', '')) as ProbeReport;
}

function whichOf(run: KeptRun): string | undefined {
  return reportOf(run).env['WHICH'];
}
