import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { after, test } from 'node:test';
import { execa } from 'execa';
import { run } from '../../../stages/stage0/index.ts';
import type { Pod } from '../../../stages/stage0/index.ts';
import { cliEnvironment, commandLine, podOk } from '../../harness/pod-cli.ts';
import type { PodStatus } from '../../harness/pod-status.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { shellManifest } from '../run/shell-manifest.ts';
import { untilLogged } from '../stage1/pods.ts';

const root = useTempRoot();
const SUMMARY = `${root}.calls`;
const FEW = 8;
/** `npm run bench -- many-apps` measures 300 of them against the clock. */
const MANY = Number(process.env['POD_MANY_PODS'] ?? 40);
const APPS = ['one', 'two', 'three'];

const pods: Pod[] = [];
after(() => rmSync(SUMMARY, { force: true }));

function manifest(name: string): Record<string, unknown> {
  const apps = APPS.map((app) => ({ name: app, image: 'host', exec: ['/bin/sleep', '3600'] }));
  return { apiVersion: 'pod/v1', kind: 'Pod', metadata: { name }, network: { mode: 'bridge' }, apps };
}

async function startUpTo(count: number): Promise<void> {
  while (pods.length < count) pods.push(await run(manifest(`pod-${pods.length}`), { root }));
}

/** System calls of a command line itself, without what goes on when it has ended. */
async function callsOf(args: readonly string[], input = ''): Promise<number> {
  const command = [process.execPath, ...commandLine(args, root)];
  await execa('strace', ['-qq', '-c', '-o', SUMMARY, ...command], { env: cliEnvironment(), extendEnv: false, input });
  const [, calls] = /^100\.00\s+\S+\s+\S+\s+(\d+)/m.exec(readFileSync(SUMMARY, 'utf8'))!;
  return Number(calls);
}

/** Of a start, whose pod is there afterwards as well. */
async function callsToStart(name: string): Promise<number> {
  const calls = await callsOf(['run', '-d', '-'], JSON.stringify(manifest(name)));
  await podOk(['rm', '--force', name], { root });
  return calls;
}

async function running(): Promise<PodStatus[]> {
  return JSON.parse(await podOk(['ps', '-o', 'json'], { root })) as PodStatus[];
}

test(`a start takes no more calls beside ${MANY} pods of three apps than beside ${FEW}, and a list few for each`, async () => {
  await startUpTo(FEW);
  // The first compiles, the second finds it compiled.
  await callsToStart('again');
  const few = { start: await callsToStart('again'), list: await callsOf(['ps']) };
  await startUpTo(MANY);
  const many = { start: await callsToStart('again'), list: await callsOf(['ps']) };
  const more = (many.start - few.start) / (MANY - FEW);
  assert.ok(more < 2, `${few.start} calls for a start, then ${many.start}`);
  const each = (many.list - few.list) / (MANY - FEW);
  assert.ok(each < 30, `${each} calls for each pod of a list`);
});

test('all of them run, each app with a process of its own', async () => {
  const listed = await running();
  assert.equal(listed.length, MANY);
  for (const { name, state, apps } of listed)
    assert.deepEqual([state, ...apps.map((app) => app.state)], ['running', 'running', 'running', 'running'], name);
  assert.equal(new Set(listed.flatMap(({ apps }) => apps.map(({ pid }) => pid))).size, MANY * APPS.length);
});

test('stopping many takes about the calls for each that stopping a few does, and all have ended then', async () => {
  const few = (await callsOf(['stop', ...pods.slice(0, FEW).map(({ uuid }) => uuid)])) / FEW;
  const many = (await callsOf(['stop', ...pods.slice(FEW).map(({ uuid }) => uuid)])) / (MANY - FEW);
  // How often a pod is looked at depends on how its events come in; what looked at all for each would take four times as many.
  assert.ok(many < few * 2, `${few} calls for each, then ${many}`);
  assert.deepEqual(await running(), []);
  for (const pod of pods) assert.equal(await pod.exit, 128 + 15);
});

test('pods that take their time to stop do so together', async () => {
  const shared = `${root}/shared`;
  mkdirSync(shared, { mode: 0o777 });
  const names = ['left', 'right'];
  // Neither ends before the other has been told to.
  const started = names.map(async (name, index) => {
    const wait = `>/shared/${name}; until [ -e /shared/${names[1 - index]} ]; do sleep 0.05; done; exit 0`;
    const script = `trap '${wait}' TERM; echo up; while :; do sleep 1000 & wait $!; done`;
    const mounts = [{ volume: 'shared', path: '/shared' }];
    const base = JSON.parse(shellManifest(name, { main: { script, mounts, stop: { grace: '30s' } } })) as object;
    const pod = await run({ ...base, volumes: [{ name: 'shared', kind: 'host', source: shared }] }, { root });
    await untilLogged(root, pod, 'up');
    return pod;
  });
  const both = await Promise.all(started);
  await podOk(['stop', ...names], { root });
  assert.deepEqual(await Promise.all(both.map(({ exit }) => exit)), [0, 0]);
});
