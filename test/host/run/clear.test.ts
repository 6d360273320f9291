import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { PodStore } from '../../../stages/stage0/pod/store.ts';
import { eventually } from '../../harness/eventually.ts';
import { MANIFESTS } from '../../harness/paths.ts';
import { pod, podOk } from '../../harness/pod-cli.ts';
import { statusOf } from '../../harness/pod-status.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { PodProcess } from './pod-process.ts';

const root = useTempRoot();

function leftOf(): { pods: string[]; names: string[]; addresses: string[] } {
  const claims = (kind: string): string[] =>
    existsSync(`${root}/claims/${kind}`) ? readdirSync(`${root}/claims/${kind}`) : [];
  return { pods: new PodStore(root).list().map(({ uuid }) => uuid), names: claims('name'), addresses: claims('ip4') };
}

/** With an address, and nothing of its own on the disk but what its app writes. */
function manifest(name: string, script: string): string {
  const app = { name: 'a', image: `oci:${MANIFESTS}/images/debian`, exec: ['/bin/sh', '-c', script] };
  return JSON.stringify({ apiVersion: 'pod/v1', kind: 'Pod', metadata: { name }, apps: [app] });
}

const NOTHING = { pods: [], names: [], addresses: [] };

/** The same name each time: it is free again when run returns. */
for (const [what, script, code] of [
  ['writes nothing', 'echo hello; echo oops >&2; exit 3', 3],
  ['writes a file', 'echo hello; echo oops >&2; echo x > /tmp/file; exit 4', 4],
  ['makes a directory', 'echo hello; echo oops >&2; mkdir -p /srv/a/b; exit 5', 5],
] as const) {
  test(`run --rm of an app that ${what} shows all its output and leaves nothing`, async () => {
    const { exitCode, stdout, stderr } = await pod(['run', '--rm', '-'], {
      root,
      input: manifest('cleared', script),
    });
    assert.equal(exitCode, code);
    assert.match(stdout, /hello/);
    assert.match(stderr, /oops/);
    assert.deepEqual(leftOf(), NOTHING);
  });
}

test('a run --rm that fails to start leaves nothing, not even its name', async () => {
  const app = { name: 'a', image: `oci:${MANIFESTS}/images/debian`, exec: ['/no/such/program'] };
  const input = JSON.stringify({ apiVersion: 'pod/v1', kind: 'Pod', metadata: { name: 'cleared' }, apps: [app] });
  const { exitCode, stderr } = await pod(['run', '--rm', '-'], { root, input });
  assert.deepEqual([exitCode, /\/no\/such\/program/.test(stderr)], [127, true]);
  assert.deepEqual(leftOf(), NOTHING);
});

test('a pod whose run --rm was killed is gone when its apps have ended, and anybody can have its name', async () => {
  const run = new PodProcess(root, ['run', '--rm', '-'], manifest('alone', 'echo up; sleep 1000'));
  await run.says('up');
  const { uuid } = await statusOf(root, 'alone');
  run.child.kill('SIGKILL');
  await run.ended();
  await podOk(['kill', uuid], { root });
  await eventually(async () => assert.deepEqual(leftOf().pods, []));
  await podOk(['run', '--rm', '-'], { root, input: manifest('alone', 'true') });
  assert.deepEqual(leftOf(), NOTHING);
});
