import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { test } from 'node:test';
import { eventually } from '../../harness/eventually.ts';
import { pod, podOk } from '../../harness/pod-cli.ts';
import { statusOf } from '../../harness/pod-status.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { POLITE, shellManifest } from './shell-manifest.ts';

// Verbs whose pod does something else meanwhile.

const root = useTempRoot();

async function start(name: string, apps: Parameters<typeof shellManifest>[1]): Promise<void> {
  await podOk(['run', '-d', '-'], { root, input: shellManifest(name, apps) });
}

test('whoever stops a pod that another one stops, or that ends by itself, has stopped it', async () => {
  for (let round = 0; round < 6; round++) {
    const name = `twice-${round}`;
    await start(name, { a: "trap 'sleep 0.1; exit 0' TERM; while :; do sleep 1000 & wait $!; done" });
    const stops = [0, 1, 2].map(async (n) => {
      await delay(60 * n);
      return pod(['stop', name], { root });
    });
    for (const { exitCode, stderr } of await Promise.all(stops)) assert.equal(exitCode, 0, stderr);
    await podOk(['rm', name], { root });
  }
});

test('a restart whose hook fails says so, and comes to an end', async () => {
  const preStart = ['/bin/sh', '-c', 'test ! -e /run/mark && touch /run/mark'];
  await start('hooked', { a: { script: POLITE, hooks: { preStart } }, b: POLITE });
  const { exitCode, stderr } = await pod(['restart', '-a', 'a', 'hooked'], { root });
  assert.equal(exitCode, 1);
  assert.match(stderr, /restart app "a" of pod [0-9a-f-]+: its preStart hook exited with 1/);
  assert.match(await podOk(['restart', '-a', 'b', 'hooked'], { root }), /^$/);
  await podOk(['rm', '--force', 'hooked'], { root });
});

test('a restart comes to its end whatever else fills the journal', async () => {
  // A crash loop, until the journal is shortened.
  const crash = { script: 'exit 1', restart: { policy: 'always', backoff: { initial: '1ms', cap: '1ms' } } };
  await start('noisy', { crash, slow: "trap 'sleep 2; exit 0' TERM; echo up; while :; do sleep 1000 & wait $!; done" });
  const uuid = (await statusOf(root, 'noisy')).uuid;
  const isShortened = async (): Promise<void> =>
    assert.match(readFileSync(`${root}/pods/run/${uuid}/events`, 'utf8'), /carried/);
  for (let round = 0; round < 3; round++) await podOk(['restart', '-a', 'slow', 'noisy'], { root });
  await eventually(isShortened, 200_000);
  await podOk(['restart', '-a', 'slow', 'noisy'], { root });
  await podOk(['rm', '--force', 'noisy'], { root });
});

test('an app that has ended keeps its exit when the pod is stopped before it is started again', async () => {
  // The second stays until the pod is being stopped.
  const leaves = 'until [ -e /dev/shm/go ]; do sleep 0.01; done; exit 0';
  const b = `trap '${leaves}' TERM; echo up; while :; do sleep 1000 & wait $!; done`;
  await start('kept', {
    a: "trap 'exit 7' TERM; echo up; while :; do sleep 1000 & wait $!; done",
    b: { script: b, stop: { grace: '1m' } },
  });
  await eventually(async () =>
    assert.match(await podOk(['logs', 'kept'], { root }), /a \| up[^]*b \| up|b \| up[^]*a \| up/),
  );
  const restarted = pod(['restart', 'kept'], { root });
  await eventually(async () => assert.match(await podOk(['events', 'kept'], { root }), /app-exited a code=7/));
  const stopped = podOk(['stop', 'kept'], { root });
  await eventually(async () => assert.match(await podOk(['events', 'kept'], { root }), /stopping/));
  await podOk(['exec', '-a', 'b', 'kept', '--', '/bin/touch', '/dev/shm/go'], { root });
  await stopped;
  assert.equal((await restarted).exitCode, 1);
  const { exitCode, apps } = await statusOf(root, 'kept');
  assert.deepEqual([exitCode, apps[0]!.exitCode], [7, 7]);
});

test('a stop with a grace of 0 begins no hook after the end', async () => {
  const hooks = { postStop: ['/bin/sleep', '1000'] };
  await start('hurried', { a: { script: POLITE, hooks } });
  const begun = performance.now();
  await podOk(['stop', '--grace', '0', 'hurried'], { root });
  // Its own limit are 30 s.
  assert.ok(performance.now() - begun < 10_000);
  assert.doesNotMatch(await podOk(['events', 'hurried'], { root }), /hook/);
});
