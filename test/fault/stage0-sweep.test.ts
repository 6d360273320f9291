import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { execa } from 'execa';
import { assertNothingLeft } from '../harness/leaks.ts';
import { type CliResult, cliEnvironment, commandLine } from '../harness/pod-cli.ts';
import { type Snapshot, takeSnapshot } from '../harness/snapshot.ts';
import { possibleErrnos } from './errnos.ts';
import { manifestWith } from './refused.ts';
import { sample } from './random.ts';
import { assertClear, inLanes, type Outcome, removeAll, told } from './survive.ts';

const LANES = 2;
const SEED = 20_261_127;
const SAMPLES = 70;
const FIRST_PORT = 28_380;

/** The `nth` call of that name by stage0's main thread fails. */
interface Failure {
  readonly call: string;
  readonly nth: number;
  readonly errno: string;
}

const scratch = mkdtempSync('/var/tmp/pod-stage0-');
let atStart: Snapshot;
let failures: readonly Failure[] = [];

before(async () => {
  atStart = takeSnapshot();
  for (let lane = 0; lane < LANES; lane++) {
    const app = { exec: ['/bin/sleep', '1000'], stop: { signal: 'SIGKILL' }, mounts: [{ volume: 'd', path: '/d' }] };
    const ports = [{ name: 'http', port: 80, hostPort: FIRST_PORT + lane }];
    writeFileSync(manifestOf(lane), manifestWith({ ...app, ports }, [{ name: 'd', kind: 'empty' }]));
  }
  const trace = `${scratch}/trace`;
  await strace(['-y', '-o', trace], 0);
  await removeAll(rootOf(0));
  await strace(['-y', '-o', trace], 0);
  await removeAll(rootOf(0));
  failures = failuresOf(readFileSync(trace, 'utf8'));
});
after(async () => {
  for (let lane = 0; lane < LANES; lane++) await removeAll(rootOf(lane));
  await assertNothingLeft(atStart, scratch);
  rmSync(scratch, { recursive: true, force: true });
});

test('any call of stage0 that fails: a pod that runs, or a clear error, and nothing gc does not remove', async () => {
  const outcomes: Outcome[] = [];
  const chosen = sample(failures, SAMPLES, SEED);
  told('calls of stage0 that fail', chosen.length);
  await inLanes(LANES, chosen, async ({ call, nth, errno }, lane) => {
    const inject = `inject=${call}:error=${errno}:when=${nth}`;
    const trace = `${scratch}/injected-${lane}`;
    const result = await strace(['-y', '-o', trace, '-e', inject], lane);
    // Signals come when they come: the call of that number may be one of Node's this time.
    const injected = readFileSync(trace, 'utf8')
      .split('\n')
      .find((line) => line.endsWith('(INJECTED)'));
    if (!NODES_OWN.test(injected ?? '')) outcomes.push(assertClear(result));
    await removeAll(rootOf(lane));
  });
  assert.ok(outcomes.filter((outcome) => outcome === 'refused').length >= chosen.length / 4, outcomes.join(' '));
});

/** The wake-ups of its event loop, which abort it, and the code it loads. A read from a local socket does not fail. */
const NODES_OWN = /\/dist\/|\.node"|^\w+\(\d+<(anon_inode|pipe):|^read\(\d+<(socket|UNIX)/;

/** What can fail from the moment the manifest is opened: before that, it is Node that starts. */
function failuresOf(trace: string): Failure[] {
  const counts = new Map<string, number>();
  let isOurs = false;
  return trace.split('\n').flatMap((line): Failure[] => {
    const call = /^(\w+)\(/.exec(line)?.[1];
    if (call === undefined) return [];
    const nth = (counts.get(call) ?? 0) + 1;
    counts.set(call, nth);
    isOurs ||= line.includes(manifestOf(0));
    if (!isOurs || NODES_OWN.test(line)) return [];
    return possibleErrnos(call).map((errno) => ({ call, nth, errno }));
  });
}

async function strace(options: readonly string[], lane: number): Promise<CliResult> {
  const run = [process.execPath, ...commandLine(['run', '-d', manifestOf(lane)], rootOf(lane))];
  const { exitCode, signal, stdout, stderr } = await execa('strace', ['-qq', ...options, ...run], {
    env: cliEnvironment(),
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
    timeout: 180_000,
  });
  return { exitCode, signal, stdout, stderr };
}

function rootOf(lane: number): string {
  return `${scratch}/root-${lane}`;
}

function manifestOf(lane: number): string {
  return `${scratch}/pod-${lane}.yaml`;
}
