import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { MANIFESTS } from '../../harness/paths.ts';
import { pod } from '../../harness/pod-cli.ts';
import { statusOf } from '../../harness/pod-status.ts';
import { useTempRoot } from '../../harness/temp-root.ts';

const root = useTempRoot();

test('the client reads over localhost what it wrote, and the pod ends with its code', async () => {
  const result = await pod(['run', join(MANIFESTS, 'redis.pod.yaml')], { root });
  assert.equal(result.exitCode, 0, result.stderr);
  assert.match(result.stdout, /hello from the pod/);
  const status = await statusOf(root, 'redis');
  assert.equal(status.state, 'exited');
  assert.deepEqual(
    status.apps.map(({ name, exitCode }) => [name, exitCode]),
    [
      ['server', 0],
      ['client', 0],
    ],
  );
});
