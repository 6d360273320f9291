import assert from 'node:assert/strict';
import { test } from 'node:test';
import { idInside } from '../../../stages/stage0/cli/verbs/top.ts';
import { eventually } from '../../harness/eventually.ts';
import { pod, podOk } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';

const root = useTempRoot();

function manifest(name: string): string {
  const app = (app: string, command: string, more: object = {}): object => ({
    name: app,
    image: 'host',
    exec: ['/bin/sh', '-c', command],
    ...more,
  });
  return JSON.stringify({
    apiVersion: 'pod/v1',
    kind: 'Pod',
    metadata: { name },
    network: { mode: 'none' },
    apps: [
      app('busy', 'while :; do :; done', { isolators: { 'resource/cpu': { limit: '300m' } } }),
      app('idle', 'sleep 1000 & exec sleep 1001', {
        user: '33',
        isolators: { 'resource/memory': { limit: '64Mi' }, 'resource/pids': { limit: 7 } },
      }),
    ],
  });
}

interface Stat {
  readonly app: string | null;
  readonly cpuPercent: number;
  readonly memoryBytes: number;
  readonly memoryLimitBytes: number | null;
  readonly pids: number;
  readonly pidsLimit: number | null;
}

test('stats: what pods and apps use, and what bounds them', async () => {
  await podOk(['run', '-d', '-'], { root, input: manifest('stats') });
  // Where others want the processor too, half a second may be too short for the loop to get its share.
  const [whole, busy, idle] = await eventually(async () => {
    const all = JSON.parse(await podOk(['stats', '--no-stream', '-o', 'json', 'stats'], { root })) as Stat[];
    // The shell has to make the second process first.
    assert.ok(all[1]!.cpuPercent > 5 && all[2]!.pids > 1, JSON.stringify(all));
    return all;
  });
  assert.deepEqual([whole?.app, busy?.app, idle?.app], [null, 'busy', 'idle']);
  // By the limit 30 %; half a second has five periods, of which one may be cut.
  assert.ok(busy!.cpuPercent < 60, `${busy!.cpuPercent} %`);
  assert.ok(idle!.cpuPercent < 5);
  assert.ok(whole!.cpuPercent >= busy!.cpuPercent - 1);
  assert.deepEqual([idle!.memoryLimitBytes, idle!.pids, idle!.pidsLimit], [64 << 20, 2, 7]);
  const table = await podOk(['stats', '--no-stream'], { root });
  assert.match(table, /^POD +APP +CPU +MEMORY +LIMIT +PIDS +OOM KILLS\nstats +- +\d/);
});

test('top: the processes of a pod, with their numbers inside', async () => {
  await podOk(['run', '-d', '-'], { root, input: manifest('top') });
  interface Row {
    readonly app: string | null;
    readonly podPid: number;
    readonly uid: number;
    readonly command: string;
  }
  // The shell has to execute both first.
  const rows = await eventually(async () => {
    const all = JSON.parse(await podOk(['top', 'top', '-o', 'json'], { root })) as Row[];
    const commands = all.flatMap(({ app, command }) => (app === 'idle' ? [command] : []));
    assert.deepEqual(commands.toSorted(), ['sleep 1000', 'sleep 1001']);
    return all;
  });
  assert.equal(rows.find(({ podPid }) => podPid === 1)?.app, null);
  const idle = rows.filter(({ app }) => app === 'idle');
  assert.deepEqual(new Set(idle.map(({ uid }) => uid)), new Set([33]));
  assert.match(await podOk(['top', 'top'], { root }), /^APP +PID +PID IN POD/);
});

test('top: an app of a pid namespace of its own has a number in the pod as well', async () => {
  const isolators = { 'os/linux/namespaces': { pid: 'app' } };
  const input = JSON.stringify({ ...(JSON.parse(manifest('own-pids')) as object), isolators });
  await podOk(['run', '-d', '-'], { root, input });
  const rows = JSON.parse(await podOk(['top', 'own-pids', '-o', 'json'], { root })) as { podPid: number }[];
  const numbers = rows.map(({ podPid }) => podPid);
  assert.deepEqual(new Set(numbers).size, numbers.length, numbers.join(' '));
});

test('a pod that does not run has neither', async () => {
  await podOk(['run', '-d', '-'], { root, input: manifest('gone') });
  await podOk(['kill', 'gone'], { root });
  await podOk(['wait', 'gone'], { root });
  for (const verb of [['stats', '--no-stream'], ['top']]) {
    const { exitCode, stderr } = await pod([...verb, 'gone'], { root });
    assert.equal(exitCode, 1);
    assert.match(stderr, /it is exited/);
  }
});

test('ids through a map', () => {
  const map = '         0     100000      65536\n     70000          5          1\n';
  assert.deepEqual(
    [100_033, 5, 99].map((id) => idInside(id, map)),
    [33, 70_000, null],
  );
});
