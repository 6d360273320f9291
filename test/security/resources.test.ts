import assert from 'node:assert/strict';
import { test } from 'node:test';
import { podOk } from '../harness/pod-cli.ts';
import { useTempRoot } from '../harness/temp-root.ts';
import { endOf, INSIDE, type Json, newImage, startPod, useScratch } from './hostile-pod.ts';

const { scratch } = useScratch();
const root = useTempRoot();
const image = newImage(`${scratch}/image`);
/** Each of its processes makes more for so long. */
const BOMB_MS = 1000;
/** What a neighbour may take to start, run and end, and a list to be printed, whatever another pod does. */
const RESPONSIVE_MS = 10_000;
/** stages/stage0/library/capture.ts */
const MAX_OUTPUT = 64 * 1024 * 1024;
const MEMORY = { 'resource/memory': { limit: '48Mi' } };

const sh = (script: string, more: Json = {}): Json => ({ exec: ['/bin/sh', '-c', script], ...more });

test('beside a fork bomb other pods start, and pod answers', async () => {
  const isolators = { 'resource/pids': { limit: 200 } };
  await using bomb = await startPod(root, { image, apps: [{ isolators }] });
  const exploding = bomb.exec([INSIDE, 'bomb', String(BOMB_MS)]);
  const startedMs = Date.now();
  const neighbour = await endOf(startPod(root, { image: 'host', apps: [sh('echo well')] }));
  assert.ok(!(neighbour instanceof Error) && neighbour.output === 'well');
  assert.match(await podOk(['ps'], { root }), new RegExp(bomb.name));
  assert.ok(Date.now() - startedMs < RESPONSIVE_MS);
  const { stdout } = await exploding;
  const refused = Number(/refused (\d+)/.exec(stdout)?.[1]);
  assert.ok(refused > 0, stdout);
});

for (const [what, script] of [
  ['/dev/shm', 'head -c 60M /dev/zero >/dev/shm/x'],
  ['a volume in memory', 'head -c 120M /dev/zero >/memory/x'],
  ['memory of its own', 'head -c 120M /dev/zero | tail'],
] as const) {
  test(`what fills ${what} counts as the app’s memory, and is stopped at its limit`, async () => {
    const volumes = [{ name: 'memory', kind: 'empty', medium: 'memory' }];
    const app = sh(`${script}; test $? = 0 && echo filled`, {
      isolators: MEMORY,
      mounts: [{ volume: 'memory', path: '/memory' }],
    });
    const end = await endOf(startPod(root, { image: 'host', volumes, apps: [app] }));
    assert.ok(!(end instanceof Error), 'the pod started');
    assert.doesNotMatch(end.output, /^filled/m);
  });
}

for (const kind of ['pipes', 'sockets']) {
  test(`what the kernel keeps for ${kind} counts as the app’s memory, and is stopped at its limit`, async () => {
    const fill = [INSIDE, 'kernel-memory', kind, String(60 << 20)];
    const free = await endOf(startPod(root, { image, apps: [{ exec: fill }] }));
    assert.match((free as { output: string }).output, /^held [56]\d{7}$/);
    const limited = await endOf(startPod(root, { image, apps: [{ exec: fill, isolators: MEMORY }] }));
    assert.equal((limited as { output: string }).output, '');
  });
}

test('a command of the library that prints without end is stopped by its pod’s memory or by a bound, and told', async () => {
  await using pod = await startPod(root, { image: 'host', apps: [{ exec: ['/bin/sleep', '1000'] }] });
  const endless = await pod.exec(['/bin/sh', '-c', 'exec head -c 200M /dev/zero']);
  assert.notEqual(endless.exitCode, 0);
  assert.ok(endless.stdout.length <= MAX_OUTPUT, `${endless.stdout.length} bytes`);
  // The room is that of what is running, not of what has been.
  assert.equal((await pod.exec(['/bin/echo', 'well'])).stdout, 'well\n');
});
