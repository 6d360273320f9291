import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pod, podOk } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { shellManifest } from './shell-manifest.ts';

const root = useTempRoot();

test('a line that one app has not ended is not gone on with by another', async () => {
  const input = shellManifest('parts', {
    a: 'printf half; sleep 0.6; echo " rest"',
    b: 'sleep 0.3; echo other; sleep 0.6; echo last',
  });
  const { stdout } = await pod(['run', '--rm', '-'], { root, input });
  for (const line of stdout.split('\n')) assert.match(line, /^(a \| (half| rest|half rest)|b \| (other|last))$/);
});

test('what an app has not ended before its end is not gone on with by its next instance', async () => {
  const restart = { policy: 'on-failure', maxRetries: 2, backoff: { initial: '10ms' } };
  const input = shellManifest('again', { a: { script: 'printf part; exit 1', restart } });
  const { stdout } = await pod(['run', '-'], { root, input });
  assert.equal(stdout, 'part\npart\npart');
  assert.equal(await podOk(['logs', '--tail', '1', 'again'], { root }), 'part');
  await podOk(['rm', 'again'], { root });
});

test('who leaves a pod to itself is told what will never start', async () => {
  const hooks = { preStart: ['/bin/sh', '-c', 'exit 4'] };
  const input = shellManifest('never', { a: { script: 'true', hooks } });
  const alone = await pod(['run', '-d', '-'], { root, input });
  assert.equal(alone.exitCode, 4);
  assert.match(alone.stdout, /^[0-9a-f-]{36}$/);
  assert.match(alone.stderr, /preStart/);
  await podOk(['rm', 'never'], { root });

  const waits = { script: 'true', after: [{ app: 'a', condition: 'completed' }] };
  const many = shellManifest('some', { a: 'exit 1', b: waits, c: 'sleep 1000' });
  const some = await pod(['run', '-d', '-'], { root, input: many });
  assert.equal(some.exitCode, 1, some.stderr);
  assert.match(some.stderr, /app "b": not started/);
  await podOk(['rm', '--force', 'some'], { root });
});
