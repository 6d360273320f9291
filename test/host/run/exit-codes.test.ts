import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pod, podOk } from '../../harness/pod-cli.ts';
import { statusOf } from '../../harness/pod-status.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { shellManifest } from './shell-manifest.ts';

const root = useTempRoot();

async function codeOf(apps: Parameters<typeof shellManifest>[1]): Promise<number | undefined> {
  const { exitCode } = await pod(['run', '--rm', '-'], { root, input: shellManifest('codes', apps) });
  return exitCode;
}

test('the exit code is the app’s, or 128 and the signal that killed it', async () => {
  assert.equal(await codeOf({ a: 'exit 0' }), 0);
  assert.equal(await codeOf({ a: 'exit 42' }), 42);
  assert.equal(await codeOf({ a: 'kill -KILL $$' }), 137);
  assert.equal(await codeOf({ a: 'kill -TERM $$' }), 143);
});

test('of several apps it is the first that is not 0, in the manifest’s order and not in time’s', async () => {
  assert.equal(
    await codeOf({ a: 'exit 0', b: { script: 'exit 5', after: [{ app: 'c', condition: 'completed' }] }, c: 'exit 0' }),
    5,
  );
  assert.equal(
    await codeOf({ late: { script: 'exit 6', after: [{ app: 'early', condition: 'started' }] }, early: 'exit 7' }),
    6,
  );
});

test('apps without an order run at the same time', async () => {
  const meet = (own: string, other: string): string =>
    `echo x >/dev/shm/${own}; until test -e /dev/shm/${other}; do sleep 0.01; done`;
  assert.equal(await codeOf({ a: meet('a', 'b'), b: meet('b', 'a') }), 0);
});

test('an app starts after those it waits for have completed', async () => {
  const apps = {
    second: { script: 'cat /dev/shm/made', after: [{ app: 'first', condition: 'completed' }] },
    first: 'sleep 0.1; echo done >/dev/shm/made',
  };
  const { exitCode, stdout } = await pod(['run', '--rm', '-'], { root, input: shellManifest('order', apps) });
  assert.equal(exitCode, 0);
  assert.match(stdout, /done/);
});

test('an app never starts when one it needs completed has failed, and the pod ends with that one’s code', async () => {
  const apps = {
    needs: { script: 'echo never', after: [{ app: 'fails', condition: 'completed' }] },
    fails: 'exit 3',
  };
  const { exitCode, stdout } = await pod(['run', '-', '--name', 'failing'], {
    root,
    input: shellManifest('failing', apps),
  });
  assert.equal(exitCode, 3);
  assert.doesNotMatch(stdout, /never/);
  const { apps: states } = await statusOf(root, 'failing');
  assert.deepEqual(
    states.map((app) => [app.name, app.state, app.exitCode]),
    [
      ['needs', 'exited', null],
      ['fails', 'exited', 3],
    ],
  );
});

test('what an app leaves running ends with the pod', async () => {
  await podOk(['run', '--rm', '-'], { root, input: shellManifest('orphan', { a: 'sleep 1000 & exit 0' }) });
});
