import assert from 'node:assert/strict';
import { lstatSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { podOk } from '../../harness/pod-cli.ts';
import { statusOf } from '../../harness/pod-status.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { server, SetFolder, shell } from './set-folder.ts';

const root = useTempRoot();

/** Everything below the state directory as it looks from outside. */
function stamps(): Record<string, string> {
  const names = ['pods', 'sets', 'claims'].flatMap((part) =>
    (readdirSync(join(root, part), { recursive: true }) as string[]).map((name) => join(part, name)),
  );
  return Object.fromEntries(
    names.map((name) => {
      const { ino, mtimeNs, ctimeNs, size } = lstatSync(join(root, name), { bigint: true });
      return [name, `${ino} ${mtimeNs} ${ctimeNs} ${size}`];
    }),
  );
}

test('a folder is brought about, and a second apply touches nothing', async () => {
  await using set = new SetFolder(root, 'quiet');
  set.write('one');
  set.write('two', { annotations: { 'pod/depends-on': 'one' } });
  set.write('job', { exec: ['/bin/true'] });
  set.text(
    'deeper/three.pod.yaml',
    'apiVersion: pod/v1\nkind: Pod\nmetadata: {name: three}\nnetwork: {mode: none}\napps: [{name: a, image: host, exec: [/bin/sleep, "1000"]}]\n',
  );
  set.text('compose.yaml', 'services: {}\n');
  set.text('old/x.pod.yaml', 'not: ours\n');
  set.text('.podignore', 'old/\n');
  assert.match(await set.applyOk('--wait'), /set quiet: 4 created/);
  assert.deepEqual(await set.names(), ['one', 'three', 'two']);
  await set.applyOk('--wait');
  const before = [stamps(), await set.running()];
  assert.match(await set.applyOk(), /set quiet: 4 unchanged/);
  assert.match(await set.applyOk('--wait'), /set quiet: 4 unchanged/);
  assert.deepEqual([stamps(), await set.running()], before);
});

test('only what changed is replaced: a comment does not, a value does, and a file that is mounted read-only', async () => {
  await using set = new SetFolder(root, 'changes');
  const conf = join(set.dir, 'app.conf');
  writeFileSync(conf, 'one\n');
  set.write('a');
  set.write('b');
  const mounts = [{ volume: 'conf', path: '/conf', readOnly: true }];
  set.write('c', { app: { mounts }, pod: { volumes: [{ name: 'conf', kind: 'host', source: './app.conf' }] } });
  await set.applyOk();
  const first = await set.running();
  set.text('a.pod.yaml', `# as before\n${JSON.stringify(manifestOf('a'))}\n`);
  set.write('b', { exec: server('1001') });
  assert.match(await set.applyOk(), /1 replaced/);
  const second = await set.running();
  assert.deepEqual([second['a'], second['c']], [first['a'], first['c']]);
  assert.notEqual(second['b'], first['b']);
  // As an editor does it.
  writeFileSync(`${conf}~`, 'two\n');
  renameSync(`${conf}~`, conf);
  assert.match(await set.applyOk(), /c replaced/);
  assert.equal(await podOk(['exec', 'c', '/bin/cat', '/conf'], { root }), 'two');
  assert.equal((await set.running())['b'], second['b']);
});

function manifestOf(name: string): object {
  return {
    kind: 'Pod',
    apiVersion: 'pod/v1',
    metadata: { name },
    network: { mode: 'none' },
    apps: [{ name: 'a', image: 'host', exec: server(), stop: { grace: '10s' } }],
  };
}

test('limits that were changed while a pod ran are what the folder says again', async () => {
  await using set = new SetFolder(root, 'drift');
  set.write('a', { app: { isolators: { 'resource/pids': { limit: 20 } } } });
  await set.applyOk();
  const first = await set.running();
  await podOk(['update', 'a', '--set', 'app/a/resource/pids.limit=30'], { root });
  const diff = await set.verb('diff', '-f', set.dir);
  assert.equal(diff.exitCode, 1);
  assert.match(diff.stdout, /-.*limit: 30\n\+.*limit: 20/);
  await podOk(['update', 'a', '--set', 'app/a/resource/pids.limit=20'], { root });
  assert.match(await set.applyOk(), /1 unchanged/);
  await podOk(['update', 'a', '--set', 'app/a/resource/pids.limit=30'], { root });
  assert.match(await set.applyOk(), /a replaced \(pod update changed it\)/);
  assert.notDeepEqual(await set.running(), first);
});

test('what died is restarted, what was stopped too; what has done its work is left alone', async () => {
  await using set = new SetFolder(root, 'deaths');
  set.write('killed');
  set.write('stopped', { exec: shell('trap "exit 0" TERM; sleep 1000 & wait') });
  set.write('job', { exec: ['/bin/true'] });
  set.write('broken', { exec: ['/bin/false'] });
  await set.applyOk();
  const first = await set.running();
  await podOk(['kill', '-s', 'KILL', 'killed'], { root });
  await podOk(['wait', 'killed', '--for', 'exit'], { root });
  await podOk(['stop', 'stopped'], { root });
  for (const name of ['job', 'broken']) await podOk(['wait', name, '--for', 'exit'], { root });
  const said = await set.applyOk();
  for (const line of [
    /killed restarted \(it exited with 137\)/,
    /stopped restarted \(it was stopped\)/,
    /broken restarted \(it exited with 1\)/,
    /1 unchanged, 3 restarted|3 restarted, 1 unchanged/,
  ])
    assert.match(said, line);
  const second = await set.running();
  assert.notEqual(second['killed'], first['killed']);
  // gc leaves what tells so, and of those that had a name before, one is kept.
  await podOk(['gc', '--grace', '0'], { root });
  await podOk(['stop', 'killed'], { root });
  assert.doesNotMatch(await set.applyOk(), /job/);
  const names = JSON.parse(await podOk(['ps', '-a', '-o', 'json'], { root })) as { name: string }[];
  assert.equal(names.filter(({ name }) => name === 'killed').length, 2);
  // Also when nothing is left of it.
  await podOk(['rm', 'job'], { root });
  assert.doesNotMatch(await set.applyOk(), /job/);
});

test('pods wait for those they depend on, and one whose dependency fails is not started', async () => {
  await using set = new SetFolder(root, 'order');
  set.write('migrate', { exec: shell('sleep 0.3; exit 0') });
  set.write('bad', { exec: shell('exit 4') });
  set.write('web', { annotations: { 'pod/depends-on': 'migrate:completed' } });
  set.write('late', { annotations: { 'pod/depends-on': 'bad:completed' } });
  set.write('later', { annotations: { 'pod/depends-on': 'late' } });
  const { exitCode, stderr } = await set.apply();
  assert.equal(exitCode, 3);
  assert.match(stderr, /pod "late": wait for pod "bad" to complete: it exited with 4/);
  assert.match(stderr, /pod "later": wait for pod "late": it was not started/);
  assert.deepEqual(await set.names(), ['web']);
  const [web, migrate] = [await statusOf(root, 'web'), await statusOf(root, 'migrate')] as unknown as Record<
    string,
    string
  >[];
  assert.ok(web!['startedAt']! > migrate!['finishedAt']!);
});

test('all errors of all files are told with their places, and nothing is changed', async () => {
  await using set = new SetFolder(root, 'wrong');
  set.write('good');
  await set.applyOk();
  const before = await set.running();
  set.write('good', { exec: server('1001') });
  set.text(
    'a.pod.yaml',
    'apiVersion: pod/v1\nkind: Pod\nmetadata: {name: a, annotations: {pod/depend-on: b}}\napps: [{name: a, image: host, exec: x}]\n',
  );
  set.text(
    'b.pod.yaml',
    'apiVersion: pod/v1\nkind: Pod\nmetadata: {name: good}\napps: [{name: a, image: "dir:/nowhere", exec: [/x]}]\n',
  );
  const { exitCode, stderr, stdout } = await set.apply('--wait');
  assert.equal(exitCode, 1);
  for (const place of [
    /a\.pod\.yaml:3:\d+: .*manifest\/unknown-field/,
    /a\.pod\.yaml:4:\d+: .*manifest\/schema/,
    /manifest\/duplicate/,
    /b\.pod\.yaml:4:\d+: .*image\//,
  ])
    assert.match(stderr, place);
  assert.equal(stdout, '');
  assert.deepEqual(await set.running(), before);
  set.text(
    'b.pod.yaml',
    'apiVersion: pod/v1\nkind: Pod\nmetadata: {name: b, annotations: {pod/depends-on: c}}\napps: [{name: a, image: host, exec: [/x]}]\n',
  );
  set.text(
    'a.pod.yaml',
    'apiVersion: pod/v1\nkind: Pod\nmetadata: {name: c, annotations: {pod/depends-on: "b:ready"}}\napps: [{name: a, image: host, exec: [/x]}]\n',
  );
  const circle = await set.apply();
  assert.equal(circle.exitCode, 1);
  assert.match(circle.stderr, /[ab]\.pod\.yaml:3:\d+: .*"\w" → "\w" → "\w" is a cycle \[manifest\/cycle\]/);
  // What only the compiler finds is found before anything starts, too.
  set.text(
    'b.pod.yaml',
    'apiVersion: pod/v1\nkind: Pod\nmetadata: {name: b}\nvolumes: [{name: v, kind: host, source: /nowhere}]\napps: [{name: a, image: host, exec: [/x], mounts: [{volume: v, path: /v}]}]\n',
  );
  set.text(
    'a.pod.yaml',
    'apiVersion: pod/v1\nkind: Pod\nmetadata: {name: c}\nvolumes: [{name: v, kind: host, source: /nowhere}]\napps: [{name: a, image: host, exec: [/x], mounts: [{volume: v, path: /v}]}]\n',
  );
  const late = await set.apply();
  assert.equal(late.exitCode, 1);
  assert.match(late.stderr, /a\.pod\.yaml:4:[^]*b\.pod\.yaml:4:/);
  assert.deepEqual(await set.running(), before);
});

test('a pod that is not of the set is never taken over', async () => {
  await using set = new SetFolder(root, 'names');
  await using other = new SetFolder(root, 'others');
  set.write('theirs');
  set.write('mine');
  await podOk(['run', '-d', join(set.dir, 'theirs.pod.yaml')], { root });
  const { theirs } = await set.running();
  const taken = await set.apply();
  assert.equal(taken.exitCode, 1);
  assert.match(taken.stderr, /theirs\.pod\.yaml:\d+:\d+: .*belongs to no set \[pod\/name-taken\]/);
  assert.match(taken.stderr, /pod rm --force theirs/);
  assert.deepEqual(await set.running(), { theirs });
  await podOk(['rm', '--force', 'theirs'], { root });
  await set.applyOk();
  other.write('mine');
  const contested = await other.apply();
  assert.equal(contested.exitCode, 1);
  assert.match(contested.stderr, /set "names" has a pod of that name/);
  const hint = /\(pod (apply -f \S+ --set names --prune)\)/.exec(contested.stderr)![1]!;
  set.remove('mine');
  assert.equal((await set.verb(...hint.split(' '))).exitCode, 0);
  await other.applyOk();
});

test('a set whose inventory is damaged is told of to whoever needs it, and holds up no other', async () => {
  await using set = new SetFolder(root, 'torn');
  await using other = new SetFolder(root, 'whole');
  set.write('a');
  set.write('dead', { exec: ['/bin/false'] });
  await set.applyOk();
  const path = join(root, 'sets/torn/inventory.json');
  const text = readFileSync(path, 'utf8');
  const mend = (): void => writeFileSync(path, text);
  using mended = { [Symbol.dispose]: mend };
  void mended;
  for (const damage of [
    '',
    '{"version":1,"pods":null}',
    '{"version":1,"set":"torn","serial":1,"origin":null,"pods":{"a":7}}',
  ]) {
    writeFileSync(path, damage);
    for (const args of [
      ['apply', '-f', set.dir],
      ['diff', '-f', set.dir],
      ['rollout', 'status', 'torn'],
      ['delete', '-f', set.dir],
    ]) {
      const { exitCode, stderr } = await set.verb(...args);
      assert.equal(exitCode, args[0] === 'diff' ? 2 : 1, args.join(' '));
      assert.match(stderr, /sets\/torn\/inventory\.json"[^]*\[set\/damaged\]\n {2}hint: /);
    }
  }
  other.write('b');
  await other.applyOk();
  const status = await set.verb('rollout', 'status');
  assert.deepEqual([status.exitCode, /^whole /m.test(status.stdout)], [1, true], status.stdout);
  assert.match(status.stderr, /\[set\/damaged\]/);
  // A name of its pods that live is taken as ever, and one of the dead is free until it is mended.
  other.write('a');
  const taken = await other.apply();
  assert.match(
    taken.stderr,
    /may belong to a set whose inventory is damaged \[pod\/name-taken\][^]*hint: .*inventory\.json/,
  );
  other.remove('a');
  other.write('dead');
  await other.applyOk();
  mend();
  assert.match((await set.apply()).stderr, /set "whole" has a pod of that name/);
});

test('a pod that shares the network of another comes after it, and is made anew with it', async () => {
  await using set = new SetFolder(root, 'shared');
  const networkOf = async (name: string): Promise<string> =>
    podOk(['exec', name, '--', '/bin/readlink', '/proc/self/ns/net'], { root });
  set.write('zdb');
  set.write('aweb', { pod: { network: { mode: 'pod:zdb' } } });
  await set.applyOk();
  assert.equal(await networkOf('aweb'), await networkOf('zdb'));
  const first = await set.running();
  assert.match(await set.applyOk(), /2 unchanged/);
  set.write('zdb', { exec: server('1001') });
  assert.match(await set.applyOk(), /2 replaced/);
  assert.equal(await networkOf('aweb'), await networkOf('zdb'));
  assert.notEqual((await set.running())['aweb'], first['aweb']);
  // One that its pod came back without, too.
  await podOk(['rm', '--force', 'zdb'], { root });
  await set.applyOk();
  assert.equal(await networkOf('aweb'), await networkOf('zdb'));
});
