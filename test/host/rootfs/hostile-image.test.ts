import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { after, beforeEach, test } from 'node:test';
import { PodError, PodErrors, run } from '../../../stages/stage0/index.ts';
import { PROBE } from '../../harness/paths.ts';
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

/** The image, its one app the probe, run to its end; its exit code, or the error that refused it. */
async function runImage(app: Json = {}, volumes: readonly Json[] = []): Promise<number | PodError> {
  const manifest = {
    apiVersion: 'pod/v1',
    kind: 'Pod',
    metadata: { name: 'hostile' },
    network: { mode: 'none' },
    volumes,
    apps: [{ name: 'probe', image: `dir:${image}`, exec: ['/probe'], ...app }],
  };
  try {
    await using pod = await run(manifest, { root });
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
    assert.ok(result instanceof PodError && result.code === 'pod/start-failed' && result.at !== undefined, String(result));
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
  assert.ok(result instanceof PodError && result.code === 'pod/start-failed' && result.at !== undefined, String(result));
  symlinkSync('/proc/self/fd', `${image}/fds`);
  const fds = await runImage({ workingDirectory: '/fds' });
  assert.ok(fds === 0 || fds instanceof PodError, String(fds));
});

function assertUserRefused(result: number | PodError): void {
  assert.ok(result instanceof PodError && result.at !== undefined, String(result));
  assert.match(result.code, /^image\//);
}
