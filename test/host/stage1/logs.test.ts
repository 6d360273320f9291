import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { useTempRoot } from '../../harness/temp-root.ts';
import { eventsOf, pathOf, shell, start } from './pods.ts';

const root = useTempRoot();
const LOG_BYTES = 10 * 1024 * 1024;

async function slowestExecMs(pod: Awaited<ReturnType<typeof start>>, times: number): Promise<number> {
  let slowest = 0;
  for (let i = 0; i < times; i++) {
    const startMs = performance.now();
    assert.equal((await pod.exec(['/bin/true'], { app: 'quiet' })).exitCode, 0);
    slowest = Math.max(slowest, performance.now() - startMs);
    await delay(20);
  }
  return slowest;
}

const WRITERS = {
  'short lines': 'exec yes',
  'bytes without a newline': 'exec cat /dev/zero',
};
for (const [what, script] of Object.entries(WRITERS)) {
  test(`an app that writes ${what} as fast as it can starves nobody, and its logs stay bounded`, async () => {
    const quiet = shell('quiet', 'while :; do echo tick; sleep 0.1; done');
    const flood = shell('flood', `until [ -e /go ]; do sleep 0.01; done; ${script}`);
    await using pod = await start(root, 'flood', flood, quiet);
    const aloneMs = await slowestExecMs(pod, 20);
    await pod.exec(['/bin/sh', '-c', ': >/go'], { app: 'flood' });
    const slowestMs = await slowestExecMs(pod, 40);
    assert.ok(slowestMs < 1000 + 10 * aloneMs, `${slowestMs} ms, ${aloneMs} ms without the flood`);
    const ticks = pod.logs('quiet').length;
    assert.ok(ticks >= 5, `${ticks} ticks`);
    await pod.stop({ graceMs: 1000 });
    const logs = `${pathOf(root, pod)}/logs`;
    const files = readdirSync(logs).filter((name) => name.startsWith('flood'));
    assert.ok(files.length <= 5, files.join(' '));
    for (const name of files) assert.ok(statSync(`${logs}/${name}`).size <= LOG_BYTES, name);
  });
}

test('a log that cannot be rotated stops growing, whole lines only, and what is lost is counted', async () => {
  const writer =
    'read -r go < /go; i=0; while [ $i -lt 60 ]; do head -c 200000 /dev/zero | tr "\\0" x | fold -w 99; echo; i=$((i+1)); done';
  await using pod = await start(root, 'stuck', shell('main', `mkfifo /go; echo made; ${writer}`));
  while (!pod.logs().some(({ text }) => text === 'made')) await delay(10);
  const logs = `${pathOf(root, pod)}/logs`;
  // A directory that is not empty gives its name to nothing else.
  for (const generation of [1, 2, 3, 4]) mkdirSync(`${logs}/main.log.${generation}/x`, { recursive: true });
  await pod.exec(['/bin/sh', '-c', 'echo go > /go']);
  assert.equal(await pod.exit, 0);
  const text = readFileSync(`${pathOf(root, pod)}/logs/main.log`, 'latin1');
  assert.ok(text.length <= LOG_BYTES);
  assert.ok(text.endsWith('\n'));
  assert.deepEqual(
    text
      .split('\n')
      .filter((line) => line !== '' && !/^\S+Z std(out|err) ([FP] [x]{0,99}|G \d+ \d+)$|made$/.test(line)),
    [],
  );
  const dropped = eventsOf(root, pod).filter((event) => event.e === 'log-dropped');
  assert.ok(dropped.length > 0);
});

test('a last line without a newline is kept', async () => {
  await using pod = await start(root, 'last', shell('main', 'printf "one\\ntwo"'));
  await pod.exit;
  assert.deepEqual(
    pod.logs().map(({ text }) => text),
    ['one', 'two'],
  );
});
