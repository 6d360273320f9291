import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parse } from 'yaml';
import { pod } from '../../harness/pod-cli.ts';

const dir = mkdtempSync(join(tmpdir(), 'pod-init-'));
after(() => rmSync(dir, { recursive: true }));

function podIn(name: string, ...args: string[]): ReturnType<typeof pod> {
  const cwd = join(dir, name);
  mkdirSync(cwd, { recursive: true });
  return pod(args, { cwd, root: join(dir, 'root') });
}

test('a manifest to begin with is valid, and is named after its folder or its file', async () => {
  const made = await podIn('My Shop.v2', 'init');
  assert.deepEqual([made.exitCode, made.stdout], [0, 'my-shop-v2.pod.yaml'], made.stderr);
  const valid = await podIn('My Shop.v2', 'validate', 'my-shop-v2.pod.yaml');
  assert.equal(valid.exitCode, 0, valid.stderr + valid.stdout);
  const image = 'docker://docker.io/library/nginx:1.27';
  await podIn('other', 'init', 'web.pod.yaml', '--image', image);
  const manifest = parse(readFileSync(join(dir, 'other/web.pod.yaml'), 'utf8'));
  assert.deepEqual([manifest.metadata.name, manifest.apps[0].image, manifest.apps[0].exec], ['web', image, undefined]);
});

test('what it leaves out in comments is valid too', async () => {
  const { stdout } = await podIn('whole', 'init', '-', '--name', 'whole');
  writeFileSync(join(dir, 'whole/pod.yaml'), stdout.replace(/^( *)# (\w+: [[{])/gm, '$1$2'));
  const { volumes, apps } = parse(readFileSync(join(dir, 'whole/pod.yaml'), 'utf8'));
  assert.ok(volumes.length === 1 && apps[0].mounts.length === 1 && apps[0].probes.ready);
  const valid = await podIn('whole', 'validate', 'pod.yaml');
  assert.equal(valid.exitCode, 0, valid.stderr + valid.stdout);
});

test('a file that is there stays, and what is wrong is said', async () => {
  await podIn('twice', 'init');
  writeFileSync(join(dir, 'twice/twice.pod.yaml'), 'mine');
  const again = await podIn('twice', 'init');
  assert.equal(again.exitCode, 1);
  assert.match(again.stderr, /EEXIST/);
  assert.equal(readFileSync(join(dir, 'twice/twice.pod.yaml'), 'utf8'), 'mine');
  for (const args of [
    ['--image', 'nginx'],
    ['--name', 'Not A Name'],
    ['a', 'b'],
  ]) {
    const wrong = await podIn('wrong', 'init', ...args);
    assert.notEqual(wrong.exitCode, 0, args.join(' '));
  }
  assert.equal((await podIn('quoted', 'init', '-', '--image', "dir:/it's: #1")).exitCode, 0);
});
