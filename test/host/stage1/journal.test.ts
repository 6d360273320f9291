import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { test } from 'node:test';
import { eventually } from '../../harness/eventually.ts';
import { podOk } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { PodProcess } from '../run/pod-process.ts';
import { pathOf, shell, start } from './pods.ts';
import { appOf, untilReady } from './probes.ts';

const root = useTempRoot();
/** Of the journal: it is shortened at 256 KB, to 64 and what is said again. */
const GROWN = 256 * 1024;
const KEPT = 128 * 1024;

const crash = (name: string): Readonly<Record<string, unknown>> => ({
  name,
  image: 'host',
  exec: ['/bin/false'],
  restart: { policy: 'always', backoff: { initial: '1ms', cap: '1ms' } },
});

test(
  'apps that crash for ever fill no disk with it, and nothing is forgotten of them or of the others',
  { timeout: 500_000 },
  async () => {
    const probes = { ready: { exec: ['/bin/true'], period: '1s' } };
    const quiet = shell('quiet', 'exec sleep 1000', { probes, hooks: { postStart: ['/bin/sh', '-c', 'exit 3'] } });
    await using pod = await start(root, 'crashing', quiet, crash('one'), crash('two'));
    await untilReady(root, pod, 'quiet');
    const before = appOf(pod, 'quiet');
    const { startedAt } = pod.status()!;
    const follower = new PodProcess(root, ['events', '-f', '-o', 'jsonl', 'crashing']);
    const journal = `${pathOf(root, pod)}/events`;
    await eventually(async () => assert.ok(statSync(journal).size > 1.1 * GROWN), 400_000);
    const { size, blocks } = statSync(journal);
    assert.ok(blocks * 512 <= KEPT, `${blocks * 512} of ${size} bytes`);
    assert.deepEqual(appOf(pod, 'quiet'), before);
    assert.equal(pod.status()!.startedAt, startedAt);
    const shown = await podOk(['events', 'crashing'], { root });
    assert.doesNotMatch(shown, /carried|app-started quiet/);
    await pod.stop({ graceMs: 0 });
    const restarts = ['one', 'two'].map((name) => appOf(pod, name).restarts);
    await podOk(['rm', pod.uuid], { root });
    assert.equal(await follower.ended(), 0);
    const lines = follower.output
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { event: string; app?: string });
    const starts = (app: string): number =>
      lines.filter((line) => line.event === 'app-started' && line.app === app).length;
    assert.equal(starts('quiet'), 1);
    assert.equal(lines.filter(({ event }) => event.startsWith('carried')).length, 0);
    assert.deepEqual(
      [starts('one') - 1, starts('two') - 1],
      restarts,
      'who follows it misses nothing and sees nothing twice',
    );
  },
);

test(
  'a journal stays bounded however much the probes of many apps say, and it is not said again with every line',
  { timeout: 500_000 },
  async () => {
    // Each byte of it takes six in the journal: an app's three probes more than 16 KB, all of them more than it may grow by.
    const says = { exec: ['/usr/bin/head', '-c', '1024', '/dev/zero'], period: '1h', timeout: '30s' };
    const names = Array.from({ length: 16 }, (_, index) => `loud-${index}`);
    const loud = names.map((name) =>
      shell(name, 'exec sleep 1000', { probes: { start: says, ready: says, live: says } }),
    );
    await using pod = await start(root, 'loud', ...loud, crash('one'), crash('two'));
    for (const name of names) await untilReady(root, pod, name);
    const journal = `${pathOf(root, pod)}/events`;
    const carried = names.length * 3 * 6 * 1024 + KEPT;
    await eventually(async () => assert.ok(statSync(journal).blocks * 512 < statSync(journal).size), 200_000);
    const first = appOf(pod, 'one').restarts;
    const { size } = statSync(journal);
    await eventually(async () => assert.ok(appOf(pod, 'one').restarts > first + 20), 200_000);
    const now = statSync(journal);
    assert.ok(now.size - size < 2 * carried, `${now.size - size} bytes for 20 restarts`);
    assert.ok(now.blocks * 512 <= GROWN + 2 * carried, `${now.blocks * 512} bytes`);
    assert.ok(appOf(pod, 'loud-3').ready);
  },
);
