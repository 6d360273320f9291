import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseLines } from '../../../stages/stage0/pod/files.ts';
import { eventually } from '../../harness/eventually.ts';
import { pod, podOk } from '../../harness/pod-cli.ts';
import { statusOf } from '../../harness/pod-status.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { PodProcess } from './pod-process.ts';
import { POLITE, shellManifest, STUBBORN } from './shell-manifest.ts';

const root = useTempRoot();

async function start(name: string, apps: Parameters<typeof shellManifest>[1]): Promise<string> {
  const uuid = await podOk(['run', '-d', '-'], { root, input: shellManifest(name, apps) });
  await untilUp(name, Object.keys(apps));
  return uuid;
}

/** Every app has set its traps when it says so. */
async function untilUp(name: string, apps: readonly string[] = []): Promise<void> {
  const logs = new PodProcess(root, ['logs', '-f', name]);
  for (const app of apps.length > 1 ? apps.map((one) => `${one} | up`) : ['up']) await logs.says(app);
  logs.signal('SIGKILL');
  await logs.ended();
}

function exits(uuid: string): { app: string; code: number; signal: number }[] {
  const events = parseLines(readFileSync(`${root}/pods/exited/${uuid}/events`, 'utf8'));
  return events.filter(({ e }) => e === 'app-exited') as unknown as { app: string; code: number; signal: number }[];
}

test('apps stop in the reverse order of their dependencies, one that does not listen is killed after its grace', async () => {
  const uuid = await start('ordered', {
    db: { script: STUBBORN, stop: { grace: '300ms' } },
    ap: { script: POLITE, after: [{ app: 'db', condition: 'started' }], stop: { grace: '30s' } },
    ui: { script: POLITE, after: [{ app: 'ap', condition: 'started' }], stop: { grace: '30s' } },
  });
  await podOk(['stop', 'ordered'], { root });
  assert.deepEqual(
    exits(uuid).map(({ app, code, signal }) => [app, code, signal]),
    [
      ['ui', 0, 0],
      ['ap', 0, 0],
      ['db', 0, 9],
    ],
  );
  assert.equal((await statusOf(root, 'ordered')).exitCode, 137);
});

test('several pods are stopped at the same time, and what is wrong with each is told', async () => {
  const meeting = `${root}/meeting`;
  mkdirSync(meeting, { mode: 0o777 });
  // Each ends only when the other was told to end as well.
  const volumes = [{ name: 'meeting', kind: 'host', source: meeting }];
  for (const [me, other] of [
    ['one', 'other'],
    ['other', 'one'],
  ] as const) {
    const script = `trap 'touch /meeting/${me}; until [ -e /meeting/${other} ]; do sleep 0.02; done; exit 0' TERM; echo up; while :; do sleep 0.05; done`;
    const app = { script, mounts: [{ volume: 'meeting', path: '/meeting' }], stop: { grace: '20s' } };
    const manifest = { ...(JSON.parse(shellManifest(me, { a: app })) as object), volumes, userns: 'host' };
    await podOk(['run', '-d', '-'], { root, input: JSON.stringify(manifest) });
    await untilUp(me);
  }
  const { exitCode, stderr } = await pod(['stop', 'no-one', 'one', 'nobody', 'other'], { root });
  assert.equal(exitCode, 1);
  assert.match(stderr, /"nobody"[^]*"no-one"|"no-one"[^]*"nobody"/);
  for (const name of ['one', 'other']) assert.equal((await statusOf(root, name)).exitCode, 0, name);
});

test('rm --force of several pods removes all, and tells of those that are not there', async () => {
  const apps = { a: STUBBORN };
  const uuids = [await start('first', apps), await start('second', apps)];
  const { exitCode, stdout } = await pod(['rm', '--force', 'first', 'no-one', 'second'], { root });
  assert.equal(exitCode, 1);
  assert.deepEqual(stdout.split('\n').toSorted(), uuids.toSorted());
  for (const name of ['first', 'second']) assert.equal((await pod(['status', name], { root })).exitCode, 1);
});

test('apps that do not need each other stop at the same time', async () => {
  const meet = (me: string, other: string): string =>
    `trap 'touch /dev/shm/${me}; until [ -e /dev/shm/${other} ]; do sleep 0.02; done; exit 0' TERM; echo up; while :; do sleep 0.05; done`;
  const after = [{ app: 'base', condition: 'started' }];
  const uuid = await start('level', {
    base: { script: POLITE, stop: { grace: '20s' } },
    west: { script: meet('west', 'east'), after, stop: { grace: '20s' } },
    east: { script: meet('east', 'west'), after, stop: { grace: '20s' } },
  });
  await podOk(['stop', 'level'], { root });
  const ends = exits(uuid);
  assert.ok(
    ends.every(({ code, signal }) => code === 0 && signal === 0),
    JSON.stringify(ends),
  );
  assert.equal(ends.at(-1)!.app, 'base');
});

test('pod stop --grace is instead of the manifest’s, and a pod that has ended can be stopped again', async () => {
  await start('stubborn', { a: { script: STUBBORN, stop: { grace: '10m' } } });
  await podOk(['stop', '--grace', '50ms', 'stubborn'], { root });
  await podOk(['stop', 'stubborn'], { root });
});

test('pod kill sends any signal to one app or to all, and refuses a pod that has ended', async () => {
  const told = "trap 'echo told' USR1; " + POLITE;
  await start('told', { a: told, b: told });
  await podOk(['kill', '-s', 'USR1', '-a', 'b', 'told'], { root });
  const logs = new PodProcess(root, ['logs', '-f', 'told']);
  await logs.says('b | told');
  assert.doesNotMatch(logs.output, /a \| told/);
  await podOk(['kill', 'told'], { root });
  assert.equal(await logs.ended(), 0);
  assert.equal((await statusOf(root, 'told')).exitCode, 137);
  assert.equal((await pod(['kill', 'told'], { root })).exitCode, 1);
});

test('pod wait sees the end and the removal, and gives up in time', async () => {
  await start('awaited', { a: POLITE });
  assert.equal((await pod(['wait', 'awaited', '--timeout', '50ms'], { root })).exitCode, 1);
  await podOk(['wait', 'awaited', '--for', 'ready'], { root });
  const exit = new PodProcess(root, ['wait', 'awaited', '--for', 'exit']);
  const deleted = new PodProcess(root, ['wait', 'awaited', '--for', 'deleted']);
  assert.equal((await pod(['rm', 'awaited'], { root })).exitCode, 1);
  await podOk(['stop', 'awaited'], { root });
  assert.deepEqual([await exit.ended(), exit.output], [0, '0\n']);
  await podOk(['rm', 'awaited'], { root });
  assert.equal(await deleted.ended(), 0);
  // Whoever comes after it finds what he waits for.
  const late = await pod(['wait', 'awaited', '--for', 'deleted'], { root });
  assert.deepEqual([late.exitCode, late.stderr], [0, 'there is no pod "awaited"']);
  assert.equal((await pod(['wait', 'awaited', '--for', 'exit'], { root })).exitCode, 1);
});

test('a pod is ready when all that are expected to run are: one that waits is not, one that is done is no obstacle', async () => {
  const work = "trap 'exit 0' USR1; echo up; while :; do sleep 1000 & wait $!; done";
  const apps = { work, serve: { script: POLITE, after: [{ app: 'work', condition: 'completed' }] } };
  const run = new PodProcess(root, ['run', '-d', '-'], shellManifest('gradual', apps));
  await eventually(async () => assert.match(await podOk(['logs', 'gradual'], { root }), /work {2}\| up/));
  const early = await pod(['status', 'gradual', '--wait=50ms'], { root });
  assert.deepEqual([early.exitCode, early.stdout], [1, '']);
  assert.match(early.stderr, /pod\/timeout/);
  const ready = new PodProcess(root, ['wait', 'gradual', '--for', 'ready']);
  await podOk(['kill', '-s', 'USR1', '-a', 'work', 'gradual'], { root });
  assert.deepEqual([await ready.ended(), await run.ended()], [0, 0]);
  await podOk(['status', 'gradual', '--wait'], { root });
  await podOk(['stop', 'gradual'], { root });
  assert.equal((await pod(['wait', 'gradual', '--for', 'ready'], { root })).exitCode, 1);
  assert.match(
    await podOk(['status', 'gradual', '--wait'], { root }),
    /ready +no: it has exited[^]*LAST EVENTS[^]*stopping/,
  );
});

test('an app that failed and is not restarted will never be ready, which is told at once', async () => {
  const fail = "trap 'exit 3' USR1; echo up; while :; do sleep 1000 & wait $!; done";
  await start('doomed', { fail, stay: POLITE });
  const failed = new PodProcess(root, ['events', '-f', 'doomed']);
  await podOk(['kill', '-s', 'USR1', '-a', 'fail', 'doomed'], { root });
  await failed.says('app-exited fail code=3');
  const wait = await pod(['wait', 'doomed', '--for', 'ready'], { root });
  assert.equal(wait.exitCode, 1);
  assert.match(wait.stderr, /app "fail" has ended with 3/);
  assert.match(await podOk(['status', 'doomed', '--wait'], { root }), /ready +no: app "fail"/);
  await podOk(['rm', '--force', 'doomed'], { root });
  assert.equal(await failed.ended(), 0);
  assert.match(failed.output, /pod-removed\n$/);
});

test('pod gc leaves what runs, keeps what has exited for its grace, and then removes it', async () => {
  await start('running', { a: POLITE });
  const ended = await podOk(['run', '-', '--name', 'ended'], { root, input: shellManifest('ended', { a: 'true' }) });
  assert.equal(ended, '');
  await podOk(['gc'], { root });
  const names = async (): Promise<unknown> => JSON.parse(await podOk(['ps', '-a', '-o', 'json'], { root }));
  assert.match(JSON.stringify(await names()), /"ended"/);
  await podOk(['gc', '--grace', '0s'], { root });
  assert.doesNotMatch(JSON.stringify(await names()), /"ended"/);
  assert.equal((await statusOf(root, 'running')).state, 'running');
  await podOk(['rm', '--force', 'running'], { root });
});

test('a grace period that nobody could wait for is rejected, not cut', async () => {
  for (const verb of ['stop', 'restart']) {
    const { exitCode, stderr } = await pod([verb, '--grace', '25d', 'none'], { root });
    assert.deepEqual([exitCode, /--grace "25d": more than 24d/.test(stderr)], [2, true], stderr);
  }
});
