import assert from 'node:assert/strict';
import { lstatSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { podOk } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { PodProcess } from '../run/pod-process.ts';
import { server, SetFolder, shell } from './set-folder.ts';

const root = useTempRoot();

interface Listed {
  readonly revision: number;
  readonly isCurrent: boolean;
  readonly cause: string;
}

async function history(set: string): Promise<string[]> {
  const all = JSON.parse(await podOk(['rollout', 'history', set, '-o', 'json'], { root })) as Listed[];
  return all.map(({ revision, isCurrent, cause }) => `${revision} ${cause}${isCurrent ? ' current' : ''}`);
}

test('undo goes back and holds until the folder wants something else', async () => {
  await using set = new SetFolder(root, 'undo');
  set.write('web', { exec: server('1001') });
  await set.applyOk();
  set.write('web', { exec: server('1002') });
  set.write('extra');
  await set.applyOk();
  await podOk(['rollout', 'undo', 'undo'], { root });
  const back = await set.running();
  assert.deepEqual(Object.keys(back), ['web']);
  assert.match(await podOk(['cat-manifest', 'web'], { root }), /1001/);
  assert.match(await set.applyOk(), /1 unchanged, held at revision 3/);
  assert.deepEqual(await set.running(), back);
  // What died comes back as the revision has it.
  await podOk(['stop', 'web'], { root });
  await set.applyOk();
  assert.match(await podOk(['cat-manifest', 'web'], { root }), /1001/);
  assert.deepEqual(await history('undo'), ['2 apply', '3 undo current']);
  await podOk(['rollout', 'undo', 'undo'], { root });
  assert.match(await podOk(['cat-manifest', 'web'], { root }), /1002/);
  set.write('web', { exec: server('1003') });
  assert.match(await set.applyOk(), /1 replaced/);
  assert.match(await podOk(['cat-manifest', 'web'], { root }), /1003/);
  const none = await set.verb('rollout', 'undo', 'undo', '--to-revision', '77');
  assert.equal(none.exitCode, 1);
  assert.match(none.stderr, /set\/revision/);
  assert.match(await podOk(['rollout', 'history', 'undo', '--revision', '3'], { root }), /# web\.pod\.yaml[^]*1001/);
});

test('history keeps ten revisions', async () => {
  await using set = new SetFolder(root, 'long');
  for (let index = 1; index <= 12; index++) {
    set.write('job', { exec: ['/bin/true', String(index)] });
    await set.applyOk();
  }
  assert.deepEqual(
    (await history('long')).map((line) => line.split(' ')[0]),
    ['3', '4', '5', '6', '7', '8', '9', '10', '11', '12'],
  );
});

test('restart makes new pods of the same manifests, those named or all', async () => {
  await using set = new SetFolder(root, 'again');
  set.write('a');
  set.write('b');
  await set.applyOk();
  const first = await set.running();
  await podOk(['rollout', 'restart', 'again', 'a'], { root });
  const second = await set.running();
  assert.notEqual(second['a'], first['a']);
  assert.equal(second['b'], first['b']);
  await podOk(['rollout', 'restart', '-f', set.dir], { root });
  assert.notEqual((await set.running())['b'], second['b']);
  assert.match(await set.applyOk(), /2 unchanged/);
  assert.deepEqual(await history('again'), ['1 apply current']);
  const unknown = await set.verb('rollout', 'restart', 'again', 'aa');
  assert.equal(unknown.exitCode, 1);
  assert.match(unknown.stderr, /did you mean "a"/);
});

test('a suspended set is not changed until it is resumed', async () => {
  await using set = new SetFolder(root, 'still');
  set.write('a');
  await set.applyOk();
  await podOk(['rollout', 'suspend', 'still'], { root });
  set.write('a', { exec: server('1001') });
  for (const args of [
    ['apply', '-f', set.dir],
    ['rollout', 'undo', 'still'],
    ['rollout', 'restart', 'still'],
  ]) {
    const { exitCode, stderr } = await set.verb(...args);
    assert.equal(exitCode, 1);
    assert.match(stderr, /set\/suspended/);
  }
  assert.equal((await set.verb('diff', '-f', set.dir)).exitCode, 1);
  assert.match(await podOk(['rollout', 'status', 'still'], { root }).catch(String), /Suspended/);
  await podOk(['rollout', 'resume', 'still'], { root });
  assert.match(await set.applyOk(), /1 replaced/);
});

test('diff tells by its exit code, shows unified YAML and no secrets', async () => {
  await using set = new SetFolder(root, 'diff');
  const env = (password: string): Record<string, unknown> => ({ env: { DB_PASSWORD: password, PORT: '80' } });
  set.write('a', { app: env('hunter1') });
  set.write('b');
  const first = await set.verb('diff', '-f', set.dir);
  assert.equal(first.exitCode, 1);
  assert.match(first.stdout, /# a: create \(new\)\n--- \/dev\/null\n[^]*\+name: a/);
  await set.applyOk();
  const equal = await set.verb('diff', '-f', set.dir);
  assert.deepEqual([equal.exitCode, equal.stdout, equal.stderr], [0, '', '']);
  set.write('a', { app: env('hunter2') });
  set.remove('b');
  const changed = await set.verb('diff', '-f', set.dir, '--prune');
  assert.equal(changed.exitCode, 1);
  assert.match(changed.stdout, /^- +DB_PASSWORD: "?\*\*\* \(before\)"?\n\+ +DB_PASSWORD: "?\*\*\* \(after\)"?$/m);
  assert.match(changed.stdout, /# b: prune[^]*-name: b/);
  assert.doesNotMatch(changed.stdout, /hunter/);
  set.text('c.pod.yaml', 'kind: Nonsense\n');
  assert.equal((await set.verb('diff', '-f', set.dir)).exitCode, 2);
  assert.equal((await set.verb('diff', '-f', `${set.dir}/none`)).exitCode, 2);
});

test('a saved plan does what it showed, once, and not when the state has moved', async () => {
  await using set = new SetFolder(root, 'plan');
  const plan = join(set.dir, 'plan.json');
  set.write('a', { exec: server('1001') });
  set.write('b');
  assert.match(await set.applyOk('--save-plan', plan), /a create \(new\)\nb create \(new\)/);
  assert.deepEqual(await set.names(), []);
  assert.equal(statSync(plan).mode & 0o777, 0o600);
  // What the folder says meanwhile is another plan's.
  set.write('a', { exec: server('1002') });
  await podOk(['apply', '--plan', plan], { root });
  assert.match(await podOk(['cat-manifest', 'a'], { root }), /1001/);
  const again = await set.verb('apply', '--plan', plan);
  assert.equal(again.exitCode, 1);
  assert.match(again.stderr, /the state has changed[^]*set\/plan/);
  const link = join(set.dir, 'link');
  symlinkSync('plan.json', link);
  await set.applyOk('--save-plan', link);
  assert.ok(lstatSync(link).isSymbolicLink());
  await podOk(['stop', 'b'], { root });
  assert.match((await set.verb('apply', '--plan', plan)).stderr, /set\/plan/);
  writeFileSync(plan, readFileSync(plan, 'utf8').slice(0, 100));
  assert.match((await set.verb('apply', '--plan', plan)).stderr, /set\/plan/);
  assert.match(await podOk(['cat-manifest', 'a'], { root }), /1001/);
});

test('one process at a time changes a set, and ^C leaves what has started', async () => {
  await using set = new SetFolder(root, 'busy');
  set.write('quick');
  set.write('slow', { exec: shell('exec sleep 1000'), annotations: { 'pod/min-ready-seconds': '60' } });
  set.write('after', { annotations: { 'pod/depends-on': 'slow:ready' } });
  const apply = new PodProcess(root, ['apply', '-f', set.dir]);
  await apply.says('slow created');
  const second = await set.apply();
  assert.equal(second.exitCode, 1);
  assert.match(second.stderr, /set\/busy/);
  assert.match((await set.verb('rollout', 'status', 'busy')).stdout, /Reconciling: True/);
  apply.signal('SIGINT');
  assert.equal(await apply.ended(), 130);
  assert.deepEqual(await set.names(), ['quick', 'slow']);
  set.write('after');
  assert.match(await set.applyOk(), /2 unchanged, 1 created|1 created, 2 unchanged/);
});
