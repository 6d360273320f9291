import assert from 'node:assert/strict';
import { collect } from '../../stages/stage0/gc/collect.ts';
import { PodStore } from '../../stages/stage0/pod/store.ts';
import { eventually } from '../harness/eventually.ts';
import { type CliResult, pod, podOk } from '../harness/pod-cli.ts';
import { whatIsLeft } from './killed-launch.ts';
import { isWholeSweep } from './random.ts';

/** What became of a launch in which something went wrong. */
export type Outcome = 'started' | 'refused';

/** A launch succeeds, or says why not; in words for people, and with the exit code of a pod that could not be made. */
export function assertClear({ exitCode, signal, stderr }: CliResult): Outcome {
  assert.equal(signal, undefined, `ended by a signal, or by the time limit: ${stderr}`);
  assert.doesNotMatch(stderr, /internal error|\n {4}at /, stderr);
  if (exitCode === 0) return 'started';
  assert.ok(exitCode === 125 || exitCode === 126 || exitCode === 127, `exit ${exitCode}: ${stderr}`);
  assert.match(stderr, /error: .*\[\w+\/[\w-]+\]/);
  return 'refused';
}

/** Ends and removes what there is by pod's own means, and asserts that nothing is left in the state directory. */
export async function removeAll(root: string): Promise<void> {
  const uuids = new PodStore(root).list(['prepare', 'prepared', 'run']).map(({ uuid }) => uuid);
  if (uuids.length > 0) await podOk(['ps', '-a'], { root });
  for (const uuid of uuids) {
    const { exitCode, stderr } = await pod(['rm', '--force', uuid], { root });
    assert.ok(exitCode === 0 || new PodStore(root).locate(uuid) === undefined, stderr);
  }
  // Of a pod that has just ended by itself the monitor still gives back what it held; until then it is no dead pod.
  await eventually(async () => {
    const { failures } = await collect(root, { graceMs: 0, expirePreparedMs: 0, isDryRun: false });
    assert.deepEqual(failures, []);
    assert.deepEqual(whatIsLeft(root), []);
  });
}

/** How much of a sweep was played, where somebody asked for more than a sample. */
export function told(what: string, points: number): void {
  if (isWholeSweep) process.stderr.write(`sweep of ${what}: ${points} points\n`);
}

/** Handles the items in so many lanes at once; all that throw are told of, each with its description. */
export async function inLanes<T>(
  lanes: number,
  items: readonly T[],
  handle: (item: T, lane: number) => Promise<void>,
): Promise<void> {
  const queue = [...items];
  const problems: string[] = [];
  const work = async (lane: number): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      try {
        await handle(next, lane);
      } catch (error) {
        problems.push(`at ${JSON.stringify(next)}: ${(error as Error).message}`);
      }
    }
  };
  await Promise.all(Array.from({ length: lanes }, (_, lane) => work(lane)));
  assert.deepEqual(problems, []);
}
