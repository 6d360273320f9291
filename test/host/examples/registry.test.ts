import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { MANIFESTS } from '../../harness/paths.ts';
import { pod } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';

const root = useTempRoot();
const dir = mkdtempSync('/var/tmp/pod-registry-');
after(() => rmSync(dir, { recursive: true }));

const REPOSITORY = '127.0.0.1:5000/team/app';

async function ok(args: readonly string[], more: Parameters<typeof pod>[1] = {}): Promise<string> {
  const result = await pod(args, { root, ...more });
  assert.equal(result.exitCode, 0, result.stderr);
  return result.stdout;
}

/** What users would push with. */
function push(image: string, tag: string): void {
  const source = `oci:${join(MANIFESTS, 'images', image)}`;
  execFileSync('skopeo', ['copy', '--dest-tls-verify=false', source, `docker://${REPOSITORY}:${tag}`], {
    stdio: 'pipe',
  });
}

function manifest(folder: string, name: string, tag: string): string {
  const path = join(dir, folder, `${name}.pod.yaml`);
  mkdirSync(join(dir, folder), { recursive: true });
  const app = `{name: app, image: "docker://${REPOSITORY}:${tag}", exec: [/bin/sh, -c, "ls /usr/sbin/nginx /usr/bin/redis-server; true"]}`;
  writeFileSync(
    path,
    `apiVersion: pod/v1\nkind: Pod\nmetadata: {name: ${name}}\nnetwork: {mode: none}\napps: [${app}]\n`,
  );
  return path;
}

test('a registry in a pod has images that other pods run', async () => {
  await ok(['run', '-d', join(MANIFESTS, 'registry.pod.yaml')]);
  await ok(['wait', 'registry', '--for', 'ready', '--timeout', '180s']);
  push('nginx', '1');
  assert.equal(await ok(['run', '--rm', manifest('run', 'first', '1')]), '/usr/sbin/nginx');
});

test('a tag that is not there is said to be, at its line, with nothing left', async () => {
  const result = await pod(['run', manifest('run', 'absent', '2')], { root });
  assert.equal(result.exitCode, 125);
  assert.match(result.stderr, /absent\.pod\.yaml:5:.*: .*answers 404, MANIFEST_UNKNOWN/);
  assert.doesNotMatch(await ok(['ps', '-a', '-o', 'name']), /absent/);
});

test('a lock holds the image whatever becomes of its tag, also where it has never been fetched', async () => {
  const file = manifest('locked', 'locked', 'moving');
  const folder = join(dir, 'locked');
  push('nginx', 'moving');
  await ok(['lock', folder]);
  const pinned = /sha256:[0-9a-f]{64}/.exec(readFileSync(join(folder, 'pod.lock'), 'utf8'))![0];
  push('redis', 'moving');
  // Nothing fetched by the tag so far: it is the lock that says what to fetch.
  assert.equal(await ok(['run', '--rm', '--frozen', file]), '/usr/sbin/nginx');
  await ok(['lock', '--check', folder]);
  await ok(['apply', '-f', folder, '--wait']);
  assert.match(await ok(['logs', 'locked']), /nginx/);
  await ok(['lock', '--update', folder]);
  const moved = readFileSync(join(folder, 'pod.lock'), 'utf8');
  assert.ok(!moved.includes(pinned));
  assert.equal(await ok(['run', '--rm', '--name', 'again', file]), '/usr/bin/redis-server');
});
