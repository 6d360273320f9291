import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pod, podOk } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { PodProcess } from './pod-process.ts';
import { POLITE, shellManifest } from './shell-manifest.ts';

const root = useTempRoot();

interface Shown {
  readonly time: string;
  readonly name: string;
  readonly event: string;
  readonly code?: number;
}

function run(name: string, script: string): Promise<unknown> {
  return pod(['run', '-', '--name', name], { root, input: shellManifest(name, { a: script }) });
}

async function listed(...flags: string[]): Promise<Shown[]> {
  return JSON.parse(await podOk(['events', '-o', 'json', ...flags], { root })) as Shown[];
}

test('events of all pods come in the order of time, of one pod from its start to its end', async () => {
  await run('first', 'exit 3');
  await run('second', 'true');
  const first = await listed('first');
  assert.deepEqual(
    first.map(({ event }) => event),
    ['pod-started', 'app-started', 'app-exited', 'pod-exited'],
  );
  assert.equal(first.at(-1)!.code, 3);
  const all = await listed();
  assert.equal(all.length, 8);
  assert.deepEqual(
    all.map(({ time }) => time),
    all.map(({ time }) => time).toSorted(),
  );
  assert.deepEqual(await listed('--since', all[4]!.time, 'first'), []);
  assert.equal((await pod(['events', '--since', 'yesterday'], { root })).exitCode, 2);
  assert.match(await podOk(['events', 'first'], { root }), /Z {2}first {2}app-exited a code=3\n/);
});

test('events that are followed go on with pods that come later, and past their removal', async () => {
  const stream = new PodProcess(root, ['events', '-f', '-o', 'jsonl']);
  await stream.says('"name":"second"');
  await podOk(['run', '-d', '-'], { root, input: shellManifest('later', { a: POLITE }) });
  await stream.says('"name":"later","event":"app-started"');
  await podOk(['stop', 'later'], { root });
  await stream.says('"name":"later","event":"pod-exited"');
  await podOk(['gc', '--grace', '0'], { root });
  for (const name of ['first', 'second', 'later']) await stream.says(`"name":"${name}","event":"pod-removed"`);
  await run('last', 'true');
  await stream.says('"name":"last","event":"pod-exited"');
  stream.signal('SIGINT');
  await stream.ended();
  const lines = stream.output.trimEnd().split('\n');
  assert.equal(new Set(lines).size, lines.length, 'an event was told twice');
});

test('an end has one time, whether it was followed or is looked up', async () => {
  const names = Array.from({ length: 8 }, (_, i) => `timed-${i}`);
  const stream = new PodProcess(root, ['events', '-f', '-o', 'jsonl']);
  for (const name of names) {
    await run(name, 'true');
    await stream.says(`"name":"${name}","event":"pod-exited"`);
  }
  stream.signal('SIGINT');
  await stream.ended();
  const endsOf = (events: readonly Shown[]): string[][] =>
    events.flatMap(({ name, event, time }) => (names.includes(name) && event === 'pod-exited' ? [[name, time]] : []));
  const followed = stream.output
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Shown);
  assert.deepEqual(endsOf(followed), endsOf(await listed()));
});
