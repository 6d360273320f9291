import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { podOk } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { server, SetFolder, shell } from './set-folder.ts';

const root = useTempRoot();

/** Ready when the file is there; it never is. */
const NEVER_READY = { probes: { ready: { exec: ['/bin/false'], period: '100ms' } } };
const READY = { probes: { ready: { exec: ['/bin/true'], period: '100ms' } } };

interface Line {
  readonly e: string;
  readonly pod?: string;
  readonly how?: string;
  readonly uuid?: string;
  readonly reason?: string;
}

function linesOf(jsonl: string): Line[] {
  return jsonl
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

/** When the pod's journal has the event for the first time. */
async function timeOf(uuid: string, event: string): Promise<string> {
  const lines = (await podOk(['events', uuid, '-o', 'jsonl'], { root })).trim().split('\n');
  const all = lines.map((line) => JSON.parse(line) as { readonly time: string; readonly event: string });
  return all.find((one) => one.event === event)!.time;
}

test('--wait returns when probes pass, jobs are done and others have run for a while', async () => {
  await using set = new SetFolder(root, 'wait');
  set.write('probed', { app: READY });
  set.write('plain', { annotations: { 'pod/min-ready-seconds': '0.2' } });
  set.write('job', { exec: ['/bin/true'], annotations: { 'pod/min-ready-seconds': '30' } });
  const lines = linesOf(await set.applyOk('--wait', '-o', 'jsonl'));
  const how = Object.fromEntries(lines.filter(({ e }) => e === 'pod-healthy').map(({ pod, how: word }) => [pod, word]));
  assert.deepEqual(how, { probed: 'ready', plain: 'running', job: 'completed' });
  assert.equal((await set.verb('rollout', 'status', 'wait')).exitCode, 0);
});

test('what is not healthy in time is told, with 3', async () => {
  await using set = new SetFolder(root, 'sick');
  set.write('never', { app: NEVER_READY });
  set.write('crash', { exec: shell('sleep 0.3; exit 7') });
  set.write('fine');
  const { exitCode, stderr } = await set.apply('--wait', '--timeout', '5s');
  assert.equal(exitCode, 3);
  assert.match(stderr, /pod "crash": (it exited|app "a" has ended) with 7/);
  assert.match(stderr, /pod "never": the time limit passed: app "a" is not ready/);
  const status = await set.verb('rollout', 'status', 'sick', '-o', 'json');
  assert.equal(status.exitCode, 3);
  const { conditions } = JSON.parse(status.stdout) as {
    conditions: { type: string; status: boolean; reason: string }[];
  };
  assert.deepEqual(
    conditions.map(({ type, status: holds, reason }) => `${type} ${holds} ${reason}`),
    ['Ready false PodsNotHealthy', 'Reconciling false Idle', 'Stalled true Unhealthy'],
  );
  // Somebody who waits for the set sees it heal.
  set.write('never', { app: READY });
  set.write('crash');
  await set.applyOk('--wait');
  assert.equal((await set.verb('rollout', 'status', 'sick', '--wait')).exitCode, 0);
});

test('start-first: the new pod is ready before the old one goes', async () => {
  await using set = new SetFolder(root, 'rolling');
  const annotations = { 'pod/strategy': 'start-first' };
  set.write('web', { annotations, app: READY });
  await set.applyOk('--wait');
  const before = (await set.running())['web'];
  set.write('web', { exec: server('1001'), annotations, app: READY });
  const lines = linesOf(await set.applyOk('-o', 'jsonl')).filter(({ pod }) => pod === 'web');
  assert.deepEqual(
    lines.map(({ e }) => e),
    ['pod-starting', 'pod-stopping', 'pod-stopped', 'pod-started'],
  );
  assert.equal(lines[1]!.uuid, before);
  const now = await set.running();
  assert.deepEqual(Object.keys(now), ['web']);
  assert.equal(JSON.parse(await podOk(['status', 'web', '-o', 'json'], { root })).uuid, now['web']);
  // Times are of milliseconds, and both may be of the same.
  assert.ok((await timeOf(now['web']!, 'probe')) <= (await timeOf(before!, 'stopping')));
});

test('start-first: the old pod goes on, under its name, when the new one does not get ready', async () => {
  await using set = new SetFolder(root, 'held');
  const annotations = { 'pod/strategy': 'start-first' };
  set.write('web', { annotations, app: READY });
  await set.applyOk('--wait');
  const before = await set.running();
  for (const sick of [{ app: NEVER_READY }, { exec: shell('exit 1') }, { exec: ['/no/such/program'] }]) {
    set.write('web', { annotations, ...sick });
    const { exitCode } = await set.apply('--timeout', '800ms');
    assert.equal(exitCode, 3);
    assert.deepEqual(await set.running(), before);
    assert.equal(readFileSync(join(root, 'claims/name/web'), 'utf8'), before['web']);
    assert.equal(JSON.parse(await podOk(['status', 'web', '-o', 'json'], { root })).uuid, before['web']);
  }
  const refused = set.write('web', { annotations, app: { ports: [{ name: 'http', port: 80, hostPort: 18080 }] } });
  const { exitCode, stderr } = await set.verb('validate', refused);
  assert.equal(exitCode, 1);
  assert.match(stderr + (await set.verb('validate', refused)).stdout, /start-first[^]*18080/);
});

test('--auto-rollback goes back to what was healthy, and stays there until the folder changes', async () => {
  await using set = new SetFolder(root, 'back');
  set.write('web', { exec: server('1001') });
  set.write('db');
  await set.applyOk('--wait');
  const { db } = await set.running();
  set.write('web', { exec: shell('exit 9') });
  set.write('extra');
  const failed = await set.apply('--auto-rollback', '--timeout', '20s');
  assert.equal(failed.exitCode, 3);
  assert.match(failed.stderr, /rolling back to revision 1/);
  assert.match(failed.stdout, /rolled back/);
  const back = await set.running();
  assert.deepEqual(Object.keys(back).toSorted(), ['db', 'web']);
  assert.equal(back['db'], db);
  assert.match(await podOk(['cat-manifest', 'web'], { root }), /1001/);
  const status = await set.verb('rollout', 'status', 'back', '-o', 'json');
  assert.match(status.stdout, /"reason": "RolledBack"/);
  // The same folder again: nothing of it is tried again.
  assert.match(await set.applyOk('--auto-rollback'), /2 unchanged, held at revision 3/);
  assert.deepEqual(await set.running(), back);
  assert.match(
    (await set.verb('rollout', 'status', 'back')).stdout,
    /Stalled: True RolledBack: .*"web": (it exited|app "a" has ended) with 9/,
  );
  const undone = await set.verb('rollout', 'undo', 'back');
  assert.match(undone.stderr, /no other revision except revision 2, which was not healthy[^]*--to-revision 2/);
  set.write('web', { exec: server('1002') });
  assert.match(await set.applyOk('--wait'), /1 replaced/);
  assert.deepEqual(await set.names(), ['db', 'extra', 'web']);
  set.write('web', { exec: shell('exit 9') });
  assert.equal((await set.apply('--wait')).exitCode, 3);
  set.write('web', { exec: server('1003') });
  await set.applyOk('--wait');
  assert.match(await podOk(['rollout', 'undo', 'back'], { root }), /held at revision/);
  assert.match(await podOk(['cat-manifest', 'web'], { root }), /1002/);
});

test('events are told to a command, in order, and what it fails at stops nothing', async () => {
  await using set = new SetFolder(root, 'told');
  set.write('one');
  const log = join(set.dir, 'log');
  const { exitCode, stderr } = await set.apply('--on-event', `cat >> ${log}; exit 5`);
  assert.equal(exitCode, 0);
  assert.match(stderr, /--on-event: it exited with 5/);
  const told = linesOf(readFileSync(log, 'utf8'));
  assert.deepEqual(
    told.map(({ e }) => e),
    ['started', 'pod-starting', 'pod-started', 'finished'],
  );
});

test('who waits for many pods hears nothing of listeners', async () => {
  await using set = new SetFolder(root, 'many');
  for (let i = 0; i < 12; i++) set.write(`p${i}`);
  const { exitCode, stderr } = await set.apply('--wait');
  assert.equal(exitCode, 0);
  assert.doesNotMatch(stderr, /Warning/);
});
