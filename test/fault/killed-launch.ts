import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { execa } from 'execa';
import { collect } from '../../stages/stage0/gc/collect.ts';
import { isLocked } from '../../stages/stage0/pod/lock.ts';
import { POD_STATES } from '../../stages/stage0/pod/layout.ts';
import { PodStore } from '../../stages/stage0/pod/store.ts';
import { waitForPod } from '../../stages/stage0/pod/wait.ts';
import { cliEnvironment, commandLine, podOk } from '../harness/pod-cli.ts';
import { killAtCall, type KillPoint } from './launch-points.ts';

/** What became of one launch that was killed. */
export type Outcome = 'runs' | 'removed';

const READY_MS = 60_000;

/** Starts the pod and kills stage0 at the point; resolves when stage0 is gone, with whether it was killed. */
async function killAt(root: string, manifest: string, point: KillPoint): Promise<boolean> {
  const command = [process.execPath, ...commandLine(['run', '-d', manifest], root)];
  const options = { env: cliEnvironment(), extendEnv: false, reject: false, stdin: 'ignore' } as const;
  if ('afterMs' in point) {
    // The delay is what is tested; nothing depends on what the launch has come to by then.
    const { signal } = await execa(command[0]!, command.slice(1), {
      ...options,
      timeout: Math.max(1, point.afterMs),
      killSignal: 'SIGKILL',
    });
    return signal === 'SIGKILL';
  }
  const strace = ['-qq', '-o', '/dev/null', '-e', killAtCall(point), ...command];
  return (await execa('strace', strace, options)).signal === 'SIGKILL';
}

/** Kills one launch, sees to what is left of it by pod's own means, and asserts that the state directory is empty then. */
export async function surviveKill(
  root: string,
  manifest: string,
  point: KillPoint,
): Promise<{ readonly outcome: Outcome; readonly wasKilled: boolean }> {
  const wasKilled = await killAt(root, manifest, point);
  const store = new PodStore(root);
  const running = store.list(['run']).filter(({ path }) => isLocked(path));
  for (const { uuid } of running) {
    // Nothing but init can bring the launch to its end now.
    await waitForPod(store, uuid, 'ready', { timeoutMs: READY_MS });
    const listed = JSON.parse(await podOk(['ps', '-o', 'json'], { root })) as { uuid: string; state: string }[];
    assert.deepEqual(
      listed.map((pod) => [pod.uuid, pod.state]),
      [[uuid, 'running']],
    );
    await podOk(['stop', '--grace', '0s', uuid], { root });
    await podOk(['rm', uuid], { root });
  }
  const { failures } = await collect(root);
  assert.deepEqual(failures, []);
  assert.deepEqual(whatIsLeft(root), []);
  return { outcome: running.length > 0 ? 'runs' : 'removed', wasKilled };
}

/** Pods and claims; images are a cache and stay, but none that is half made. */
export function whatIsLeft(root: string): string[] {
  const pods = POD_STATES.map((state) => `pods/${state}`);
  const claims = names(`${root}/claims`).map((kind) => `claims/${kind}`);
  const left = [...pods, ...claims].flatMap((dir) => names(`${root}/${dir}`).map((name) => `${dir}/${name}`));
  const layers = names(`${root}/images/layers`).filter((name) => !/^[0-9a-f]{64}$/.test(name));
  return [...left, ...layers.map((name) => `images/layers/${name}`)];
}

function names(dir: string): string[] {
  return existsSync(dir) ? readdirSync(dir) : [];
}
