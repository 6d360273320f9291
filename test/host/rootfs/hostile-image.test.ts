import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { after, beforeEach, test } from 'node:test';
import { PodError, PodErrors, run } from '../../../stages/stage0/index.ts';
import { PROBE } from '../../harness/paths.ts';
import type { ProbeReport } from '../../harness/probe-report.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import type { Json } from './shell-pod.ts';

const root = useTempRoot();
const scratch = mkdtempSync('/var/tmp/pod-hostile-');
const image = `${scratch}/image`;
const canary = `${scratch}/canary`;

beforeEach(() => {
  for (const dir of [image, canary]) rmSync(dir, { recursive: true, force: true });
  mkdirSync(`${image}/etc`, { recursive: true });
  mkdirSync(canary);
  writeFileSync(`${canary}/file`, 'alive\n');
  cpSync(PROBE, `${image}/probe`);
});
after(() => rmSync(scratch, { recursive: true, force: true }));

function manifestOf(app: Json, volumes: readonly Json[]): object {
  return {
    apiVersion: 'pod/v1',
    kind: 'Pod',
    metadata: { name: 'hostile' },
    network: { mode: 'none' },
    volumes,
    apps: [{ name: 'probe', image: `dir:${image}`, exec: ['/probe'], ...app }],
  };
}

/** The image, its one app the probe, run to its end; its exit code, or the error that refused it. */
async function runImage(app: Json = {}, volumes: readonly Json[] = []): Promise<number | PodError> {
  try {
    await using pod = await run(manifestOf(app, volumes), { root });
    return await pod.exit;
  } catch (error) {
    if (error instanceof PodErrors) return error.errors[0]!;
    if (error instanceof PodError) return error;
    throw error;
  }
}

function assertCanaryLives(): void {
  assert.deepEqual(readdirSync(canary), ['file']);
  assert.equal(readFileSync(`${canary}/file`, 'utf8'), 'alive\n');
}

for (const name of ['proc', 'sys', 'dev']) {
  test(`an image whose /${name} is a link is refused at the image's line`, async () => {
    symlinkSync(canary, `${image}/${name}`);
    const result = await runImage();
    assert.ok(
      result instanceof PodError && result.code === 'pod/start-failed' && result.at !== undefined,
      String(result),
    );
    assertCanaryLives();
  });
}

for (const [target, what] of [
  [canary, 'absolute'],
  ['../../../../../../../..' + canary, 'relative'],
] as const) {
  test(`an image whose /etc is an ${what} link out of it gets its files inside or nowhere`, async () => {
    rmSync(`${image}/etc`, { recursive: true });
    symlinkSync(target, `${image}/etc`);
    const result = await runImage();
    assert.ok(result === 0 || result instanceof PodError, String(result));
    assertCanaryLives();
  });

  test(`links to host files (${what}) in place of resolv.conf, hosts and hostname are replaced`, async () => {
    for (const name of ['resolv.conf', 'hosts', 'hostname']) symlinkSync(`${target}/file`, `${image}/etc/${name}`);
    assert.equal(await runImage(), 0);
    assertCanaryLives();
  });

  test(`a volume below an ${what} link out of the image is mounted inside`, async () => {
    symlinkSync(target, `${image}/data`);
    mkdirSync(`${image}${canary}`, { recursive: true });
    const mounts = [{ volume: 'v', path: '/data/deep/er' }];
    assert.equal(await runImage({ mounts }, [{ name: 'v', kind: 'empty' }]), 0);
    assertCanaryLives();
  });
}

test('a link of the image cannot make a volume take the place of /proc, /sys or /dev', async () => {
  for (const name of ['proc', 'sys', 'dev']) {
    mkdirSync(`${image}/${name}`);
    symlinkSync(`/${name}`, `${image}/to-${name}`);
  }
  const mounts = ['proc', 'sys', 'dev', 'proc/sys', 'sys/firmware'].map((path) => ({
    volume: 'v',
    path: `/to-${path}`,
  }));
  const volumes = [{ name: 'v', kind: 'empty', medium: 'memory' }];
  const { types, result } = await typesOf({ mounts }, volumes);
  assert.equal(result, 0);
  assert.deepEqual(types, { '/proc': 'proc', '/sys': 'sysfs', '/dev': 'tmpfs' });
});

test('links in place of /apps and /volumes, where init keeps its own, are just links', async () => {
  for (const name of ['apps', 'volumes', 'empty']) symlinkSync(canary, `${image}/${name}`);
  assert.equal(await runImage(), 0);
  assertCanaryLives();
});

test('a pipe, a device or a link to the host in place of /etc/passwd neither blocks nor is read', async () => {
  writeFileSync(`${canary}/file`, 'alive\n');
  const user = { user: 'somebody' };
  execFileSync('mkfifo', [`${image}/etc/passwd`]);
  assertUserRefused(await runImage(user));
  rmSync(`${image}/etc/passwd`);
  execFileSync('mknod', [`${image}/etc/passwd`, 'c', '1', '5']);
  assertUserRefused(await runImage(user));
  rmSync(`${image}/etc/passwd`);
  // The host's file knows the user; the image's does not exist.
  symlinkSync('/etc/passwd', `${image}/etc/passwd`);
  assertUserRefused(await runImage({ user: 'daemon' }));
});

test('the same in place of the command cannot be executed', async () => {
  execFileSync('mkfifo', [`${image}/fifo`]);
  symlinkSync('/bin/true', `${image}/outside`);
  for (const [command, code] of [
    ['/fifo', 'pod/command-not-runnable'],
    ['/outside', 'pod/command-not-found'],
  ] as const) {
    const result = await runImage({ exec: [command] });
    assert.ok(result instanceof PodError && result.code === code, String(result));
  }
});

test('a working directory that links out of the image is inside it or refused', async () => {
  symlinkSync(canary, `${image}/work`);
  const result = await runImage({ workingDirectory: '/work' });
  assert.ok(
    result instanceof PodError && result.code === 'pod/start-failed' && result.at !== undefined,
    String(result),
  );
  symlinkSync('/proc/self/fd', `${image}/fds`);
  const fds = await runImage({ workingDirectory: '/fds' });
  assert.ok(fds === 0 || fds instanceof PodError, String(fds));
});

/** File systems the probe sees on the kernel's directories, the topmost of each. */
async function typesOf(
  app: Json,
  volumes: readonly Json[],
): Promise<{ types: Record<string, string>; result: number }> {
  await using pod = await run(manifestOf(app, volumes), { root });
  const result = await pod.exit;
  const report = JSON.parse(
    pod
      .logs()
      .map(({ text }) => text)
      .join(''),
  ) as ProbeReport;
  const types: Record<string, string> = {};
  for (const { path, type } of report.mounts) if (['/proc', '/sys', '/dev'].includes(path)) types[path] = type;
  assert.ok(report.dev['null']);
  return { types, result };
}

function assertUserRefused(result: number | PodError): void {
  assert.ok(result instanceof PodError && result.at !== undefined, String(result));
  assert.match(result.code, /^image\//);
}
