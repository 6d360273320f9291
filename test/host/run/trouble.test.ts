import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pod, podOk } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';

const root = useTempRoot();

function run(apps: readonly object[]): ReturnType<typeof pod> {
  const manifest = {
    apiVersion: 'pod/v1',
    kind: 'Pod',
    metadata: { name: 'trouble' },
    network: { mode: 'none' },
    apps,
  };
  return pod(['run', '--rm', '-'], { root, input: JSON.stringify(manifest) });
}

test('what a code does not tell is told: memory, probes, apps that never started', async () => {
  const { exitCode, stderr } = await run([
    { name: 'eater', image: 'host', exec: ['tail', '/dev/zero'], isolators: { 'resource/memory': { limit: '20Mi' } } },
    { name: 'later', image: 'host', exec: ['true'], after: [{ app: 'eater', condition: 'completed' }] },
    {
      name: 'deaf',
      image: 'host',
      exec: ['sleep', '1000'],
      probes: { live: { tcp: { port: 9999 }, failures: 1, period: '50ms' } },
    },
  ]);
  assert.equal(exitCode, 137);
  assert.match(stderr, /^app "eater": out of memory/m);
  assert.match(stderr, /^app "later": not started, .* app "eater"/m);
  assert.match(stderr, /^app "deaf": ended because its probe failed, live: connection refused$/m);
});

test('an ordinary failure speaks for itself', async () => {
  const { exitCode, stderr } = await run([{ name: 'main', image: 'host', exec: ['false'] }]);
  assert.deepEqual([exitCode, stderr], [1, '']);
});

test('a pod that is left in the background says why an app has not started, even if that is tried again', async () => {
  const hooks = { preStart: ['/bin/sh', '-c', 'exit 3'] };
  const restart = { policy: 'always', backoff: { initial: '60s' } };
  for (const [fields, code] of [
    [{ hooks, restart }, 0],
    [{ hooks }, 3],
  ] as const) {
    const apps = [
      { name: 'a', image: 'host', exec: ['true'], ...fields },
      { name: 'b', image: 'host', exec: ['sleep', '1000'], stop: { signal: 'SIGKILL' } },
    ];
    const manifest = { apiVersion: 'pod/v1', kind: 'Pod', metadata: { name: 'left' }, network: { mode: 'none' }, apps };
    const { exitCode, stdout, stderr } = await pod(['run', '-d', '-'], { root, input: JSON.stringify(manifest) });
    assert.match(stdout, /^[0-9a-f-]{36}$/);
    assert.match(stderr, /hook preStart of app "a": exited with 3$/m);
    assert.equal(exitCode, code);
    await podOk(['rm', '--force', 'left'], { root });
  }
});
