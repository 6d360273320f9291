import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { readFinal } from '../../../stages/stage0/pod/events.ts';
import { PodStore } from '../../../stages/stage0/pod/store.ts';
import { eventually } from '../../harness/eventually.ts';
import { podOk } from '../../harness/pod-cli.ts';
import { statusOf } from '../../harness/pod-status.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { SetFolder } from '../sets/set-folder.ts';
import { PodProcess } from './pod-process.ts';

// A pod has exited when its init has said so; its monitor, which gives back what it held, may be a moment behind.

const root = useTempRoot();
/** Longer than it takes whoever does not wait to be refused. */
const BEHIND_MS = 1500;

function parentOf(pid: number): number {
  return Number(/^PPid:\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);
}

/** Ends the pod, and does `meanwhile` before its monitor has noticed: that comes to its end with exit code 0. */
async function whileMonitorIsBehind(name: string, meanwhile: () => PodProcess): Promise<void> {
  const { uuid, apps } = await statusOf(root, name);
  const [app] = apps;
  const monitor = parentOf(parentOf(app!.pid!));
  const { path } = new PodStore(root).locate(uuid)!;
  process.kill(monitor, 'SIGSTOP');
  let next;
  try {
    process.kill(app!.pid!, 'SIGKILL');
    await eventually(async () => assert.ok(readFinal(path)));
    next = meanwhile();
    await Promise.race([next.ended(), delay(BEHIND_MS)]);
  } finally {
    process.kill(monitor, 'SIGCONT');
  }
  assert.equal(await next.ended(), 0, next.output);
}

function manifestOf(hostPort: number): Record<string, unknown> {
  const ports = [{ name: 'http', port: 80, hostPort }];
  return { network: { mode: 'bridge' }, apps: [{ name: 'a', image: 'host', exec: ['/bin/sleep', '1000'], ports }] };
}

test('the name and the host ports of a pod that has exited are free for the next, though its monitor is still at work', async () => {
  const input = (name: string, port: number): string =>
    JSON.stringify({ apiVersion: 'pod/v1', kind: 'Pod', metadata: { name }, ...manifestOf(port) });
  await podOk(['run', '-d', '-'], { root, input: input('named', 18_482) });
  await whileMonitorIsBehind('named', () => new PodProcess(root, ['run', '-d', '-'], input('named', 18_483)));
  await whileMonitorIsBehind('named', () => new PodProcess(root, ['run', '-d', '-'], input('other', 18_483)));
  await podOk(['rm', '--force', 'other'], { root });
});

test('so is a pod of a set restarted by the next apply', async () => {
  await using set = new SetFolder(root, 'behind');
  set.write('web', { pod: manifestOf(18_484) });
  await set.applyOk();
  await whileMonitorIsBehind('web', () => new PodProcess(root, ['apply', '-f', set.dir]));
  assert.deepEqual(await set.names(), ['web']);
});
