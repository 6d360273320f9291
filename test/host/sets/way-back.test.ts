import assert from 'node:assert/strict';
import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { podOk } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { server, SetFolder } from './set-folder.ts';

const root = useTempRoot();

async function manifestOf(pod: string): Promise<string> {
  return podOk(['cat-manifest', pod], { root });
}

/** Of the newest revision. */
async function lastOutcome(set: string): Promise<string> {
  const all = JSON.parse(await podOk(['rollout', 'history', set, '-o', 'json'], { root })) as { outcome: string }[];
  return all.at(-1)!.outcome;
}

test('a rollback takes away no pod that the folder had not for a while', async () => {
  await using set = new SetFolder(root, 'gap');
  for (const name of ['p1', 'p2', 'p3']) set.write(name);
  await set.applyOk('--wait');
  for (const name of ['p1', 'p2', 'p3']) set.remove(name);
  await set.applyOk('--wait');
  for (const name of ['p1', 'p3']) set.write(name);
  set.write('p2', { exec: ['/bin/false'] });
  const { exitCode, stderr } = await set.apply('--auto-rollback', '--timeout', '20s');
  assert.equal(exitCode, 3, stderr);
  assert.deepEqual(await set.names(), ['p1', 'p2', 'p3']);
  assert.match(await manifestOf('p2'), /sleep/);
});

test('undo keeps what was kept, and brings back nothing that was pruned since', async () => {
  await using set = new SetFolder(root, 'kept');
  for (const name of ['a', 'x', 'y']) set.write(name);
  await set.applyOk();
  set.remove('x');
  await set.applyOk();
  set.write('x');
  set.write('a', { exec: server('1001') });
  await set.applyOk();
  await podOk(['rollout', 'undo', 'kept'], { root });
  assert.deepEqual(await set.names(), ['a', 'x', 'y']);
  assert.match(await manifestOf('a'), /"1000"/);
  set.remove('y');
  await set.applyOk();
  await set.applyOk('--prune');
  set.write('a', { exec: server('1002') });
  await set.applyOk();
  await podOk(['rollout', 'undo', 'kept'], { root });
  assert.deepEqual(await set.names(), ['a', 'x']);
  assert.match(await manifestOf('a'), /"1001"/);
});

test('a revision that cannot be brought about any more is no way back, and holds nothing', async () => {
  await using set = new SetFolder(root, 'lost');
  const source = join(set.dir, 'data');
  mkdirSync(source);
  const volume = { volumes: [{ name: 'v', kind: 'host', source: './data' }] };
  set.write('a', { app: { mounts: [{ volume: 'v', path: '/v' }] }, pod: volume });
  await set.applyOk('--wait');
  set.write('a', { exec: server('1001') });
  rmdirSync(source);
  await set.applyOk('--wait');
  const undone = await set.verb('rollout', 'undo', 'lost');
  assert.equal(undone.exitCode, 1);
  assert.match(undone.stderr, /a\.pod\.yaml of revision 1:\d+:\d+: /);
  assert.match(await set.applyOk(), /1 unchanged$/m);
  set.write('a', { exec: ['/bin/false'] });
  const { exitCode, stderr } = await set.apply('--auto-rollback', '--timeout', '20s');
  assert.equal(exitCode, 3, stderr);
  assert.match(await manifestOf('a'), /"1001"/);
});

test('a rollback that cannot be compiled is told of, and the next apply does what the folder says', async () => {
  await using set = new SetFolder(root, 'nowhere');
  const source = join(set.dir, 'data');
  mkdirSync(source);
  const volume = { volumes: [{ name: 'v', kind: 'host', source: './data' }] };
  set.write('a', { app: { mounts: [{ volume: 'v', path: '/v' }] }, pod: volume });
  await set.applyOk('--wait');
  set.write('a', { exec: ['/bin/false'] });
  rmdirSync(source);
  const { exitCode, stderr } = await set.apply('--auto-rollback', '--timeout', '20s');
  assert.equal(exitCode, 3, stderr);
  assert.match(stderr, /a\.pod\.yaml of revision 1/);
  const { stdout } = await set.verb('rollout', 'status', 'nowhere');
  assert.match(stdout, /RollbackFailed: revision 1 did not come back: open .*; it was wanted because of pod "a"/);
  set.write('a', { exec: server('1002') });
  await set.applyOk('--wait');
  assert.match(await manifestOf('a'), /"1002"/);
});

test('what is known to be broken stays known until something is done about it', async () => {
  await using set = new SetFolder(root, 'broken');
  set.write('a');
  await set.applyOk('--wait');
  const restart = { policy: 'always', backoff: { initial: '1h', cap: '1h' } };
  set.write('a', { exec: ['/bin/false'], app: { restart } });
  assert.equal((await set.apply('--wait', '--timeout', '1s')).exitCode, 3);
  assert.match(await set.applyOk(), /1 unchanged/);
  assert.equal(await lastOutcome('broken'), 'unhealthy');
  assert.match((await set.verb('rollout', 'status', 'broken')).stdout, /Stalled: True Unhealthy/);
  set.write('a', { exec: server('1001') });
  await set.applyOk();
  await podOk(['rollout', 'undo', 'broken'], { root });
  assert.match(await manifestOf('a'), /"1000"/);
});

test('there is no way back to nothing', async () => {
  await using set = new SetFolder(root, 'none');
  set.write('a');
  await set.applyOk();
  set.remove('a');
  await set.applyOk('--prune', '--allow-empty');
  set.write('a');
  await set.applyOk();
  const back = await set.verb('rollout', 'undo', 'none');
  assert.deepEqual([back.exitCode, /\[set\/revision\]/.test(back.stderr)], [1, true], back.stderr);
  const told = await set.verb('rollout', 'undo', 'none', '--to-revision', '2');
  assert.deepEqual([told.exitCode, /\[set\/empty\][^]*pod delete/.test(told.stderr)], [1, true], told.stderr);
  assert.deepEqual(await set.names(), ['a']);
});
