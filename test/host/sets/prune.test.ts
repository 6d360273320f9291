import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { podOk } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { SetFolder, shell } from './set-folder.ts';

const root = useTempRoot();

/** The order in which pods were stopped and went, as the events tell it. */
function prunedIn(jsonl: string): string[] {
  const events = jsonl
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { e: string; pod?: string });
  const words: Readonly<Record<string, string>> = { 'pod-stopping': 'stop', 'pod-pruned': 'gone' };
  return events.flatMap(({ e, pod }) => (words[e] === undefined ? [] : [`${words[e]} ${pod}`]));
}

/** Nobody is stopped before those that depend on it are gone. */
const ORDER = ['stop web', 'gone web', 'stop cache', 'gone cache', 'stop db', 'gone db'];

test('pruning takes only what the inventory has, last, in reverse order; what is disabled stays', async () => {
  await using set = new SetFolder(root, 'prune');
  set.write('db');
  set.write('cache', { annotations: { 'pod/depends-on': 'db' } });
  set.write('web', { annotations: { 'pod/depends-on': 'cache, db:ready' } });
  set.write('keep', { annotations: { 'pod/prune': 'disabled' } });
  set.write('stay');
  // Labels make nobody a member.
  const stranger = set.write('stranger', { pod: { metadata: { name: 'stranger', labels: { set: 'prune' } } } });
  await podOk(['run', '-d', stranger], { root });
  set.remove('stranger');
  await set.applyOk();
  for (const name of ['db', 'cache', 'web', 'keep']) set.remove(name);
  assert.match(await set.applyOk(), /db kept \(not in the folder; --prune removes it\)/);
  assert.deepEqual(await set.names(), ['cache', 'db', 'keep', 'stay', 'stranger', 'web']);
  assert.deepEqual(prunedIn(await set.applyOk('--prune', '-o', 'jsonl')), ORDER);
  assert.deepEqual(await set.names(), ['keep', 'stay', 'stranger']);
  // It is the set's still: when the manifest comes back, it is found as it was.
  set.write('keep', { annotations: { 'pod/prune': 'disabled' } });
  assert.match(await set.applyOk(), /2 unchanged/);
  await podOk(['rm', '--force', 'stranger'], { root });
});

/** Published on an address of its own, so that nothing of this machine has the port. */
function published(word: string): Record<string, unknown> {
  const ports = [{ name: 'p', port: 80, hostPort: 18471, hostIP: '127.0.0.77' }];
  return { network: { mode: 'bridge' }, apps: [{ name: 'a', image: 'host', exec: ['/bin/sleep', word], ports }] };
}

test('a pod that was renamed has its host port, and what is to go makes way for it', async () => {
  await using set = new SetFolder(root, 'renamed');
  set.write('old', { pod: published('1001') });
  set.write('user', { annotations: { 'pod/depends-on': 'old' } });
  set.write('other');
  await set.applyOk();
  for (const name of ['old', 'user']) set.remove(name);
  set.write('new', { pod: published('1002') });
  const kept = await set.apply();
  assert.equal(kept.exitCode, 3);
  assert.match(
    kept.stderr,
    /pod [0-9a-f-]{36} has it; it is pod "old" of this set \(not in the folder; --prune removes it\)/,
  );
  assert.deepEqual(await set.names(), ['old', 'other', 'user']);
  assert.deepEqual(prunedIn(await set.applyOk('--prune', '-o', 'jsonl')), [
    'stop user',
    'gone user',
    'stop old',
    'gone old',
  ]);
  assert.deepEqual(await set.names(), ['new', 'other']);
  assert.match(await set.applyOk('--prune'), /2 unchanged/);
});

test('a port that somebody else has takes nobody of the set along', async () => {
  await using set = new SetFolder(root, 'taken');
  const stranger = set.write('stranger', { pod: { ...published('1003'), metadata: { name: 'stranger' } } });
  await podOk(['run', '-d', stranger], { root });
  set.remove('stranger');
  set.write('old');
  await set.applyOk();
  set.remove('old');
  set.write('new', { pod: published('1004') });
  const { exitCode, stderr } = await set.apply('--prune');
  assert.equal(exitCode, 3);
  assert.match(
    stderr,
    /^failed: pod "[^"]+": .*\.yaml:\d+:\d+: publish tcp port 18471 of 127\.0\.0\.77: pod [0-9a-f-]{36} has it \(choose another hostPort, or stop what uses it\)$/m,
  );
  assert.deepEqual(await set.names(), ['old', 'stranger']);
  await podOk(['rm', '--force', 'stranger'], { root });
});

test('nothing is pruned when something did not come about', async () => {
  await using set = new SetFolder(root, 'careful');
  set.write('old');
  await set.applyOk();
  set.remove('old');
  set.write('new', { exec: ['/no/such/program'] });
  const { exitCode, stdout, stderr } = await set.apply('--prune');
  assert.equal(exitCode, 3);
  assert.match(stderr, /nothing is pruned/);
  assert.match(stdout, /set careful: 1 failed, 1 not pruned/);
  assert.deepEqual(await set.names(), ['old']);
});

test('a folder that is missing or empty keeps the last good state', async () => {
  await using set = new SetFolder(root, 'empty');
  set.write('one');
  await set.applyOk();
  const before = await set.running();
  renameSync(set.dir, `${set.dir}.away`);
  const missing = await set.apply('--prune');
  assert.equal(missing.exitCode, 1);
  assert.match(missing.stderr, /no such folder \[set\/folder\]/);
  mkdirSync(set.dir);
  const empty = await set.apply('--prune');
  assert.equal(empty.exitCode, 1);
  assert.match(empty.stderr, /set\/empty/);
  assert.deepEqual(await set.running(), before);
  assert.match(await set.applyOk(), /1 kept/);
  await set.applyOk('--prune', '--allow-empty');
  assert.deepEqual(await set.names(), []);
  rmSync(`${set.dir}.away`, { recursive: true });
});

test('what a pod wrote on the host stays when the pod is pruned', async () => {
  await using set = new SetFolder(root, 'data');
  mkdirSync(join(set.dir, 'data'), { mode: 0o777 });
  const volumes = [{ name: 'data', kind: 'host', source: './data' }];
  const mounts = [{ volume: 'data', path: '/data' }];
  set.write('writer', {
    exec: shell('echo kept > /data/file; exec sleep 1000'),
    app: { mounts },
    pod: { volumes, userns: 'host' },
  });
  await set.applyOk('--wait');
  set.remove('writer');
  await set.applyOk('--prune', '--allow-empty');
  assert.equal(readFileSync(join(set.dir, 'data/file'), 'utf8'), 'kept\n');
});

test('two folders of one name are two sets, and a folder that moved says so', async () => {
  await using set = new SetFolder(root, 'prod');
  const other = new SetFolder(root, 'prod');
  set.write('one');
  other.write('two');
  await set.applyOk();
  const clash = await other.apply('--prune');
  assert.equal(clash.exitCode, 1);
  assert.match(clash.stderr, /set\/other-folder[^]*--set prod/);
  assert.deepEqual(await set.names(), ['one']);
  for (const args of [['delete'], ['rollout', 'undo'], ['diff']]) {
    const refused = await set.verb(...args, '-f', other.dir);
    assert.notEqual(refused.exitCode, 0);
    assert.match(refused.stderr, /set\/other-folder/);
  }
  assert.deepEqual(await set.names(), ['one']);
  await other.applyOk('--prune', '--set', 'prod');
  assert.deepEqual(await set.names(), ['two']);
  const odd = await set.apply('--set', '../x');
  assert.equal(odd.exitCode, 1);
  assert.match(odd.stderr, /set\/name/);
});

test('delete removes all of a set in reverse order, without its folder too', async () => {
  await using set = new SetFolder(root, 'gone');
  set.write('db');
  set.write('web', { annotations: { 'pod/depends-on': 'db' } });
  set.write('keep', { annotations: { 'pod/prune': 'disabled' } });
  await set.applyOk();
  rmSync(set.dir, { recursive: true });
  const removed = await set.verb('delete', '-f', set.dir, '-o', 'jsonl');
  assert.equal(removed.exitCode, 0, removed.stderr);
  assert.deepEqual(prunedIn(removed.stdout), ['stop web', 'gone web', 'stop db', 'gone db']);
  assert.deepEqual(await set.names(), ['keep']);
  await podOk(['delete', '--set', 'gone', '--all'], { root });
  assert.deepEqual(await set.names(), []);
  assert.ok(!existsSync(join(root, 'sets/gone')));
  const again = await set.verb('delete', '--set', 'gone');
  assert.equal(again.exitCode, 1);
  assert.match(again.stderr, /set\/not-found/);
  assert.ok(!existsSync(join(root, 'sets/gone')));
});
