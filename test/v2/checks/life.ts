import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readCgroupFacts } from '../../../stages/stage0/cgroup/hierarchies.ts';
import { listPids } from '../../../stages/stage0/cgroup/usage.ts';
import { eventually } from '../../harness/eventually.ts';
import { MANIFESTS } from '../../harness/paths.ts';
import { checkPausedLimits } from '../../harness/paused-limits.ts';
import { podOk } from '../../harness/pod-cli.ts';
import type { Check } from '../checks.ts';
import { shell, toEnd } from './pods.ts';

const STOPPABLE = `trap 'echo stopped; exit 0' TERM; echo ready; while :; do sleep 100 & wait $!; done`;

async function runHello(root: string): Promise<void> {
  const output = await podOk(['run', '--rm', '--net', 'none', join(MANIFESTS, 'hello.pod.yaml')], { root });
  assert.match(output, /^Hello from hello-pod, on Linux /);
}

async function execIntoCgroup(root: string): Promise<void> {
  await using pod = await shell(root, STOPPABLE);
  const pids = (): number[] => listPids(readCgroupFacts(), pod.uuid, 'app');
  // The shell and its sleep; then the shell of the exec as well, until it is told to end.
  await eventually(async () => assert.equal(pids().length, 2));
  const done = pod.exec(['/bin/sh', '-c', 'mkfifo /go; read -r word </go']);
  await eventually(async () => assert.equal(pids().length, 3));
  await pod.exec(['/bin/sh', '-c', 'until [ -p /go ]; do sleep 0.1; done; echo word >/go']);
  assert.equal((await done).exitCode, 0);
  const { stdout } = await pod.exec(['/bin/cat', '/proc/self/cgroup']);
  assert.doesNotMatch(stdout, /pod-/);
}

async function stopGracefully(root: string): Promise<void> {
  const pod = await shell(root, STOPPABLE);
  await eventually(async () => assert.equal(pod.logs()[0]?.text, 'ready'));
  assert.equal(await pod.stop(), 0);
  assert.equal(pod.logs().at(-1)?.text, 'stopped');
  assert.equal(pod.status()?.state, 'exited');
  await podOk(['rm', pod.uuid], { root });
  assert.equal(pod.status(), undefined);
}

/** In each way a paused pod can be ended. */
async function endPaused(root: string): Promise<void> {
  for (const verb of [['stop'], ['kill'], ['rm', '--force']]) {
    const pod = await shell(root, STOPPABLE);
    await podOk(['pause', pod.uuid], { root });
    assert.equal(pod.status()?.state, 'paused');
    await assert.rejects(pod.exec(['/bin/true']), /paused/);
    await podOk(['resume', pod.uuid], { root });
    assert.equal(pod.status()?.state, 'running');
    await podOk(['pause', pod.uuid], { root });
    await podOk([...verb, pod.uuid], { root });
    await pod.exit;
    await podOk(['gc', '--grace', '0s'], { root });
    assert.equal(pod.status(), undefined);
  }
}

/** Where there is no cgroup.kill the processes are found in the cgroup's list. */
async function restartCleanly(root: string): Promise<void> {
  const script = '[ -e /again ] && exec sleep 1000; touch /again; setsid sleep 2000 & sleep 0.2; exit 1';
  const restart = { policy: 'on-failure', backoff: { initial: '20ms' } };
  const pod = await shell(root, script, { restart });
  await eventually(async () => assert.equal(pod.status()?.apps[0]?.restarts, 1));
  const sleepers = async (): Promise<string[]> => {
    const { stdout } = await pod.exec(['/bin/sh', '-c', 'cat /proc/[0-9]*/cmdline | tr "\\0" " "']);
    return stdout.match(/sleep \d+/g) ?? [];
  };
  // A restart is told of before the shell is the sleep.
  await eventually(async () => assert.ok((await sleepers()).includes('sleep 1000')));
  assert.deepEqual(await sleepers(), ['sleep 1000']);
  assert.equal(listPids(readCgroupFacts(), pod.uuid, 'app').length, 1);
  await pod.stop({ graceMs: 0 });
  await pod.remove();
}

function parentOf(pid: number): number {
  return Number(/^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

async function killMonitor(root: string): Promise<void> {
  const pod = await shell(root, STOPPABLE);
  const pid = pod.status()?.apps[0]?.pid;
  assert.ok(pid);
  const init = parentOf(pid);
  process.kill(parentOf(init), 'SIGKILL');
  process.kill(init, 'SIGKILL');
  await pod.exit;
  await eventually(async () => {
    await podOk(['gc', '--grace', '0s'], { root });
    assert.equal(pod.status(), undefined);
  });
  assert.deepEqual(listPids(readCgroupFacts(), pod.uuid), []);
}

export const LIFE_CHECKS: readonly Check[] = [
  { name: 'a pod is paused, resumed, and ended while it is paused', run: endPaused },
  // The guest's processor is emulated: a second's worth of sleeps takes it two.
  { name: 'no time limit runs while a pod is paused', run: (root) => checkPausedLimits(root, 4000) },
  { name: 'the manifest of the quick start runs', run: runHello },
  {
    name: 'the apps’ root is no root of the host',
    run: (root) =>
      toEnd(shell(root, 'id -u; cat /proc/self/uid_map'), ({ output }) => {
        const [uid, map] = output.split('\n');
        const [inside, outside, size] = map!.trim().split(/\s+/).map(Number);
        assert.deepEqual([uid, inside, size], ['0', 0, 65_536]);
        assert.ok(outside! >= 65_536);
      }),
  },
  { name: 'an app is started again where it was, without what it left running', run: restartCleanly },
  { name: 'exec is born in the cgroup of the app', run: execIntoCgroup },
  { name: 'stop lets an app end in its own way, rm removes the pod', run: stopGracefully },
  { name: 'gc removes what a killed monitor has left', run: killMonitor },
];
