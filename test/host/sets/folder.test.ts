import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pod, podOk } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { SetFolder } from './set-folder.ts';
import { WatchedSet } from './watched-set.ts';

const root = useTempRoot();
const SOON = { timeoutMs: 20_000 };

function fifo(path: string): void {
  execFileSync('mkfifo', [path]);
}

test('what is no manifest is told at its place with all else, and is not read', async () => {
  await using set = new SetFolder(root, 'odd');
  set.write('good');
  set.text('bad.pod.yaml', 'apiVersion: pod/v1\nkind: Pod\nmetadata: {name: bad}\napps: []\n');
  fifo(join(set.dir, 'pipe.pod.yaml'));
  fifo(join(set.dir, 'pipe.yaml'));
  symlinkSync('/dev/zero', join(set.dir, 'device.yaml'));
  symlinkSync('nowhere', join(set.dir, 'gone.pod.yaml'));
  symlinkSync('loop.tar', join(set.dir, 'loop.tar'));
  set.write('image', { app: { image: 'tar:./loop.tar' } });
  for (const args of [
    ['apply', '-f', set.dir],
    ['validate', set.dir],
    ['diff', '-f', set.dir],
    ['lock', set.dir],
  ]) {
    const { exitCode, stdout, stderr } = await pod(args, { root, ...SOON });
    assert.equal(exitCode, args[0] === 'diff' ? 2 : 1, args.join(' '));
    const said = stdout + stderr;
    assert.match(said, /bad\.pod\.yaml:4:7/);
    assert.match(said, /pipe\.pod\.yaml:1:1: .*it is not a regular file/);
    assert.match(said, /gone\.pod\.yaml:1:1: .*ENOENT/);
    if (args.includes('-f')) assert.match(said, /image\.pod\.yaml:\d+:\d+: .*ELOOP/);
    assert.doesNotMatch(said, /pipe\.yaml|device/);
  }
  assert.deepEqual(await set.names(), []);
  assert.deepEqual(readdirSync(join(root, 'sets')), []);
  for (const name of ['bad', 'pipe', 'gone', 'image']) rmSync(join(set.dir, `${name}.pod.yaml`));
  await set.applyOk();
  fifo(join(set.dir, '.podignore'));
  const { exitCode, stderr } = await pod(['apply', '-f', set.dir], { root, ...SOON });
  assert.deepEqual([exitCode, /\.podignore": it is not a regular file/.test(stderr)], [1, true], stderr);
});

test('a manifest that nobody may read, or that is too large, is an error at its place and hides no other', async () => {
  await using set = new SetFolder(root, 'denied');
  set.write('good');
  set.text('bad.pod.yaml', 'apiVersion: pod/v1\nkind: Pod\nmetadata: {name: bad}\napps: []\n');
  chmodSync(set.write('secret'), 0);
  symlinkSync('self.pod.yaml', join(set.dir, 'self.pod.yaml'));
  truncateSync(set.text('huge.pod.yaml', ''), 3 * 2 ** 30);
  const wrapper = ['setpriv', '--inh-caps', '-all', '--bounding-set', '-dac_override,-dac_read_search'];
  for (const verb of ['apply', 'diff', 'lock']) {
    const args = verb === 'lock' ? [verb, set.dir] : [verb, '-f', set.dir];
    const { exitCode, stderr } = await pod(args, { root, wrapper, ...SOON });
    assert.equal(exitCode, verb === 'diff' ? 2 : 1, stderr);
    assert.match(stderr, /bad\.pod\.yaml:4:7/);
    assert.match(stderr, /secret\.pod\.yaml:1:1: .*EACCES/);
    assert.match(stderr, /self\.pod\.yaml:1:1: .*ELOOP/);
    assert.match(stderr, /huge\.pod\.yaml:1:1: .*larger than 16 MiB/);
    assert.doesNotMatch(stderr, /^ {4}at /m);
  }
});

test('one that cannot be read keeps a watcher from none of the others', async () => {
  await using set = new WatchedSet(root, 'reads');
  set.write('a');
  set.write('b');
  set.watch(['--prune']);
  rmSync(join(set.dir, 'a.pod.yaml'));
  symlinkSync('nowhere', join(set.dir, 'a.pod.yaml'));
  symlinkSync('loop', join(set.dir, 'loop'));
  symlinkSync('loop.pod.yaml', join(set.dir, 'loop.pod.yaml'));
  set.write('c');
  await set.until(async () => (await set.names()).includes('c'));
  assert.deepEqual(await set.names(), ['a', 'b', 'c']);
  assert.match(set.process.output, /a\.pod\.yaml:1:1/);
  assert.match(set.process.output, /loop\.pod\.yaml:1:1: .*ELOOP/);
});

test('what a watcher cannot bring about stands in the conditions, until it can or is no more', async () => {
  await using set = new WatchedSet(root, 'stands');
  const conditions = async (): Promise<string[]> => {
    const { stdout } = await set.verb('rollout', 'status', 'stands', '--wait', '-o', 'json');
    const { conditions: all } = JSON.parse(stdout) as { conditions: Record<string, string>[] };
    return all.map(({ type, status, reason }) => `${type} ${status} ${reason}`);
  };
  set.text('a.pod.yaml', 'apiVersion: pod/v1\nkind: Pod\nmetadata: {name: a}\napps: []\n');
  set.watch(['--prune', '-o', 'jsonl']);
  const text = await set.verb('rollout', 'status', 'stands');
  assert.equal(text.exitCode, 3);
  assert.match(text.stdout, /Stalled: True NotApplied: .*a\.pod\.yaml:4:7: /);
  set.write('a');
  set.told(/as they should be/);
  assert.deepEqual(await conditions(), ['Ready true Healthy', 'Reconciling false Idle', 'Stalled false Applied']);
  set.write('b', { annotations: { 'pod/depends-on': 'nobody' } });
  set.round();
  assert.deepEqual(await conditions(), ['Ready false NotApplied', 'Reconciling false Idle', 'Stalled true NotApplied']);
  assert.match(set.process.output, /"e":"condition","type":"Stalled","status":true,"reason":"NotApplied"/);
  set.process.signal('SIGKILL');
  await set.process.ended();
  assert.deepEqual(await conditions(), ['Ready true Healthy', 'Reconciling false Idle', 'Stalled false Applied']);
  // The next watcher finds the folder mended, and knows nothing of what the last one noted.
  set.remove('b');
  set.watch(['--prune']);
  assert.deepEqual(await conditions(), ['Ready true Healthy', 'Reconciling false Idle', 'Stalled false Applied']);
});

test('a suspended set that is deleted is not brought back by its watcher, which stays the only one', async () => {
  await using set = new WatchedSet(root, 'stays');
  set.write('a');
  set.watch();
  await podOk(['rollout', 'suspend', 'stays'], { root });
  assert.match((await set.verb('delete', '--set', 'stays')).stderr, /stays suspended/);
  set.process.signal('SIGHUP');
  set.round();
  assert.deepEqual(await set.names(), []);
  assert.match((await set.verb('rollout', 'status', 'stays')).stdout, /Stalled: True Suspended/);
  assert.match((await set.apply('--watch')).stderr, /set\/busy/);
  await podOk(['rollout', 'resume', 'stays'], { root });
  set.process.signal('SIGHUP');
  await set.until(async () => (await set.names()).length === 1);
  await podOk(['delete', '--set', 'stays'], { root });
  assert.match((await set.apply('--watch')).stderr, /set\/busy/);
});

test('a link that leads to the next release is the same folder, and a folder is the same by every way', async () => {
  await using set = new SetFolder(root, 'current');
  const releases = join(set.dir, '..', 'releases');
  for (const release of ['1', '2']) mkdirSync(join(releases, release), { recursive: true });
  set.write('app');
  renameSync(join(set.dir, 'app.pod.yaml'), join(releases, '1/app.pod.yaml'));
  set.write('more');
  renameSync(join(set.dir, 'more.pod.yaml'), join(releases, '2/more.pod.yaml'));
  rmSync(set.dir, { recursive: true });
  const lead = (release: string): void => {
    symlinkSync(`releases/${release}`, `${set.dir}.new`);
    renameSync(`${set.dir}.new`, set.dir);
  };
  lead('1');
  await set.applyOk();
  lead('2');
  assert.match(await set.applyOk('--prune'), /1 created, 1 pruned/);
  const { exitCode } = await pod(['apply', '-f', join(releases, '2'), '--set', 'current'], { root });
  assert.equal(exitCode, 0);
  assert.match(await set.applyOk(), /1 unchanged/);
  const other = join(releases, '1/current');
  mkdirSync(other);
  writeFileSync(join(other, '.keep'), '');
  const refused = await pod(['apply', '-f', other], { root });
  assert.match(refused.stderr, /set\/other-folder/);
  assert.equal((await pod(['delete', '-f', set.dir, '--all'], { root })).exitCode, 0);
});

test('validate of a folder finds what is wrong between its manifests', async () => {
  await using set = new SetFolder(root, 'circle');
  set.write('a', { annotations: { 'pod/depends-on': 'b' } });
  set.write('b', { annotations: { 'pod/depends-on': 'a' } });
  set.write('c', { annotations: { 'pod/depends-on': 'nobody' } });
  const { exitCode, stdout, stderr } = await pod(['validate', set.dir], { root });
  assert.equal(exitCode, 1);
  assert.match(stdout + stderr, /[ab]\.pod\.yaml:\d+:\d+: .*"[ab]" → "[ab]" → "[ab]" is a cycle/);
  assert.match(stdout + stderr, /c\.pod\.yaml:\d+:\d+: .*no pod of the set has that name/);
  assert.equal((await pod(['validate', join(set.dir, 'a.pod.yaml')], { root })).exitCode, 0);
});
