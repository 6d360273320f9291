import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { MANIFESTS } from '../../harness/paths.ts';
import { pod } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';

const root = useTempRoot();
const manifest = join(MANIFESTS, 'hello.pod.yaml');

test('the manifest of the quick start runs with no image and ends with 0', async () => {
  const result = await pod(['run', manifest], { root });
  assert.equal(result.exitCode, 0, result.stderr);
  assert.notEqual(result.stdout.trim(), '');
});

test('it runs twice, and the second pod finds nothing of the first', async () => {
  const first = await pod(['run', '--rm', '--name', 'one', manifest], { root });
  const second = await pod(['run', '--rm', '--name', 'two', manifest], { root });
  assert.deepEqual([first.exitCode, second.exitCode], [0, 0], second.stderr);
});
