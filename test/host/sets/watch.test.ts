import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { eventually } from '../../harness/eventually.ts';
import { PROBE } from '../../harness/paths.ts';
import { podOk } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { Repository } from '../source/repository.ts';
import { server, shell } from './set-folder.ts';
import { assertPauses, WatchedSet } from './watched-set.ts';

const root = useTempRoot();

test('what comes, changes and goes in the folder is brought about, and SIGTERM leaves the pods running', async () => {
  await using set = new WatchedSet(root, 'live');
  set.write('a');
  assert.match(set.watch(['--prune']), /^set live: 1 pods are as they should be; next look in 60m$/);
  const first = await set.running();
  set.write('b');
  set.round();
  assert.deepEqual(await set.names(), ['a', 'b']);
  // As vim does it.
  set.atOnce(() => {
    set.text('4913', '');
    rmSync(join(set.dir, '4913'));
    renameSync(join(set.dir, 'b.pod.yaml'), join(set.dir, 'b.pod.yaml~'));
    set.write('b', { exec: server('1001') });
    rmSync(join(set.dir, 'b.pod.yaml~'));
  });
  set.round();
  const second = await set.running();
  assert.equal(second['a'], first['a']);
  set.remove('a');
  set.round();
  assert.deepEqual(await set.running(), { b: second['b'] });
  assert.deepEqual(set.drain(), []);
  assert.equal(await set.end(), 0);
  assert.deepEqual(set.drain(), [['STOPPING=1', 'STATUS=stopping; the pods keep running']]);
  assert.deepEqual(await set.running(), { b: second['b'] });
});

test('a pod that was stopped, removed or died comes back, and one that has completed does not', async () => {
  await using set = new WatchedSet(root, 'drift');
  set.write('a');
  set.write('job', { exec: ['/bin/true'] });
  set.watch();
  const first = await set.running();
  await podOk(['stop', 'a'], { root });
  await set.until(async () => ![undefined, first['a']].includes((await set.running())['a']));
  const second = await set.running();
  // The second time it is left for a second.
  await podOk(['rm', '--force', 'a'], { root });
  await set.until(async () => ![undefined, second['a']].includes((await set.running())['a']));
  assert.equal((await set.all()).filter(({ name }) => name === 'job').length, 1);
});

test('a broken manifest holds up nobody, the last good one stays, and what was pruned before is not', async () => {
  await using set = new WatchedSet(root, 'broken');
  set.write('a');
  set.write('b');
  set.watch(['--prune']);
  const first = await set.running();
  set.atOnce(() => {
    set.text('a.pod.yaml', 'apiVersion: pod/v1\nkind: Pod\nmetadata: {name: a}\napps: [{name: a, image: hots}]\n');
    set.write('c');
  });
  assert.match(set.round(), /a\.pod\.yaml:4:.*; again in 1s$/);
  assert.deepEqual(await set.running(), { ...first, c: (await set.running())['c'] });
  assert.match(set.process.output, /a\.pod\.yaml:4:\d+/);
  await podOk(['rm', '--force', 'a'], { root });
  set.round();
  assert.deepEqual(await set.names(), ['a', 'b', 'c']);
  set.atOnce(() => {
    set.text('b.pod.yaml', '{');
    set.remove('c');
  });
  set.round();
  assert.deepEqual(await set.names(), ['a', 'b', 'c']);
  set.write('a', { exec: server('1001') });
  set.write('b');
  assert.match(set.told(/as they should be/)[0]!, /2 pods/);
  assert.deepEqual(await set.names(), ['a', 'b']);
  assert.match(set.process.output, /the problem is resolved/);
});

test('a pod whose image is gone is started again from what was unpacked, and is not told to be unwanted', async () => {
  await using set = new WatchedSet(root, 'unpacked');
  const archive = join(set.dir, 'root.tar');
  execFileSync('tar', ['-cf', archive, '-C', dirname(PROBE), basename(PROBE)]);
  set.write('a', { exec: [`/${basename(PROBE)}`, 'hold'], app: { image: 'tar:./root.tar' } });
  set.write('b');
  set.watch();
  const first = await set.running();
  renameSync(archive, `${archive}.away`);
  assert.match(set.round(), /a\.pod\.yaml:\d+:\d+: .*root\.tar.*; again in 1s$/);
  assert.deepEqual(await set.running(), first);
  await podOk(['kill', 'a'], { root });
  await set.until(async () => ![undefined, first['a']].includes((await set.running())['a']));
  assert.doesNotMatch(set.process.output, /not in the folder/);
  const second = await set.running();
  renameSync(`${archive}.away`, archive);
  set.told(/as they should be/);
  assert.deepEqual(await set.running(), second);
});

test('a pod goes on being there for those that depend on it while its manifest is broken in any way', async () => {
  await using set = new WatchedSet(root, 'held');
  const archive = join(set.dir, 'root.tar');
  execFileSync('tar', ['-cf', archive, '-C', dirname(PROBE), basename(PROBE)]);
  const a = set.write('a', { exec: [`/${basename(PROBE)}`, 'hold'], app: { image: 'tar:./root.tar' } });
  set.write('b', { annotations: { 'pod/depends-on': 'a' } });
  await podOk(['lock', a], { root });
  set.watch();
  const first = await set.running();
  // Nothing of the manifest can be brought about, not even what runs.
  const lock = join(set.dir, 'pod.lock');
  writeFileSync(lock, readFileSync(lock, 'utf8').replaceAll(/sha256:[0-9a-f]{64}/g, `sha256:${'0'.repeat(64)}`));
  set.write('b', { exec: server('1001'), annotations: { 'pod/depends-on': 'a' } });
  await set.until(async () => ![undefined, first['b']].includes((await set.running())['b']));
  assert.equal((await set.running())['a'], first['a']);
  assert.doesNotMatch(set.process.output, /was not started/);
});

test('a folder that is gone, or empty, takes no pods along; one that is replaced or switched counts', async () => {
  await using set = new WatchedSet(root, 'moved');
  set.write('a');
  const home = join(set.dir, '..');
  const current = join(home, 'current');
  symlinkSync('moved', current);
  set.watch(['--prune', '--set', 'moved'], {}, current);
  renameSync(set.dir, join(home, 'old'));
  assert.match(set.round(), /no such folder.*again in 1s$/);
  mkdirSync(set.dir);
  set.told(/no manifest was found/);
  assert.deepEqual(await set.names(), ['a']);
  const next = join(home, 'next');
  renameSync(set.dir, next);
  renameSync(join(home, 'old'), set.dir);
  set.told(/as they should be/);
  for (const name of ['a', 'b']) writeFileSync(join(next, `${name}.pod.yaml`), manifest(name));
  symlinkSync('next', join(home, 'new'));
  renameSync(join(home, 'new'), current);
  assert.match(set.told(/as they should be/)[0]!, /2 pods/);
  assert.deepEqual(await set.names(), ['a', 'b']);
});

test('what dies while the folder is gone is started again, and what was undone stays so', async () => {
  await using set = new WatchedSet(root, 'away');
  set.write('a');
  set.watch(['--prune']);
  set.write('a', { exec: server('1001') });
  set.write('b');
  await set.until(async () => (await set.names()).length === 2);
  await podOk(['rollout', 'undo', 'away'], { root });
  const undone = await set.running();
  assert.deepEqual(Object.keys(undone), ['a']);
  renameSync(set.dir, `${set.dir}.away`);
  set.told(/no such folder.*; again in/);
  await podOk(['kill', 'a'], { root });
  await set.until(async () => ![undefined, undone['a']].includes((await set.running())['a']));
  const conditions = (await set.verb('rollout', 'status', 'away')).stdout;
  assert.match(conditions, /Stalled: True NotApplied: .*no such folder/);
  const second = await set.running();
  renameSync(`${set.dir}.away`, set.dir);
  set.told(/as they should be/);
  assert.deepEqual(await set.running(), second);
});

test('a watcher that starts without its repository keeps what there is, and goes on when it is back', async () => {
  await using set = new WatchedSet(root, 'remote');
  const repository = new Repository(set.dir);
  set.write('a');
  repository.commit();
  set.watch(['--set', 'remote'], {}, repository.url());
  const first = await set.running();
  await set.end();
  await podOk(['kill', 'a'], { root });
  renameSync(set.dir, `${set.dir}.away`);
  assert.match(set.watch(['--set', 'remote'], {}, repository.url()), /; again in 1s$/);
  const second = await set.running();
  assert.ok(second['a'] !== undefined && second['a'] !== first['a']);
  renameSync(`${set.dir}.away`, set.dir);
  set.process.signal('SIGHUP');
  set.told(/as they should be/);
  assert.deepEqual(await set.running(), second);
});

test('a watcher that finds no folder makes no set', async () => {
  await using set = new WatchedSet(root, 'unborn');
  rmSync(set.dir, { recursive: true });
  set.watch();
  assert.deepEqual(readdirSync(join(root, 'sets/unborn')), ['watch']);
  set.write('a');
  set.told(/as they should be/);
});

test('after failures it waits longer and longer, and a change is looked at all the same', async () => {
  await using set = new WatchedSet(root, 'waits');
  set.write('a', { app: { image: 'oci:./image' } });
  assert.match(set.watch(), /again in 1s$/);
  assert.match(set.round(), /again in 2s$/);
  assert.match(set.round(), /again in 4s$/);
  assert.match(set.round(), /again in 8s$/);
  const before = Date.now();
  set.write('a');
  assert.match(set.told(/as they should be/)[0]!, /1 pods/);
  assert.ok(Date.now() - before < 8000);
});

test('what is left out of the folder is looked at anew when .podignore changes', async () => {
  await using set = new WatchedSet(root, 'left-out');
  set.write('a');
  set.write('b');
  set.watch(['--prune']);
  set.text('.podignore', 'b.pod.yaml\n');
  set.round();
  assert.deepEqual(await set.names(), ['a']);
  rmSync(join(set.dir, '.podignore'));
  set.round();
  assert.deepEqual(await set.names(), ['a', 'b']);
});

test('a pod that ends at once is not started again and again', async () => {
  await using set = new WatchedSet(root, 'loops');
  set.write('looping', { exec: shell('exit 3') });
  set.watch();
  await set.until(async () => (await set.creationsOf('looping')).length >= 4);
  await assertPauses(set, 'looping');
});

test('what a pod writes into its volume is no change: who ends at once waits longer and longer beside it', async () => {
  await using set = new WatchedSet(root, 'writes');
  mkdirSync(join(set.dir, 'data'));
  set.write('writing', {
    exec: shell('while sleep 0.1; do echo x >> /data/log; done'),
    app: { mounts: [{ volume: 'data', path: '/data' }] },
    pod: { volumes: [{ name: 'data', kind: 'host', source: './data' }] },
  });
  set.write('looping', { exec: shell('exit 7') });
  set.watch();
  await set.until(async () => (await set.creationsOf('looping')).length >= 4);
  await assertPauses(set, 'looping');
});

test('one watcher a set; SIGHUP looks at once, and the watchdog hears from it', async () => {
  await using set = new WatchedSet(root, 'served');
  set.write('a');
  set.watch([], { WATCHDOG_USEC: '200000' });
  set.told(/^WATCHDOG=1$/);
  const other = await set.verb('apply', '--watch', '-f', set.dir);
  assert.deepEqual([other.exitCode, /set\/busy/.test(other.stderr)], [1, true], other.stderr);
  assert.equal((await set.apply()).exitCode, 0);
  set.process.signal('SIGHUP');
  set.told(/^RELOADING=1$/);
  set.told(/^READY=1$/);
  assert.equal(await set.end('SIGINT'), 0);
});

test('a repository is looked up again, and a commit that comes is brought about', async () => {
  await using set = new WatchedSet(root, 'repo');
  const repository = new Repository(set.dir);
  set.write('a');
  repository.commit();
  set.watch(['--set', 'repo'], {}, repository.url());
  set.write('b');
  assert.match(repository.commit(), /^[0-9a-f]{40}$/);
  set.process.signal('SIGHUP');
  assert.match(set.told(/as they should be/).join(), /2 pods/);
  assert.deepEqual(await set.names(), ['a', 'b']);
});

function manifest(name: string): string {
  const apps = [{ name: 'a', image: 'host', exec: server() }];
  return JSON.stringify({ apiVersion: 'pod/v1', kind: 'Pod', metadata: { name }, network: { mode: 'none' }, apps });
}

test('a watcher that waits for pods makes way for whoever wants to change the set', { timeout: 120_000 }, async () => {
  await using set = new WatchedSet(root, 'polite');
  set.write('a');
  set.watch(['--wait']);
  const first = await set.running();
  const probes = { ready: { exec: ['/bin/false'], period: '100ms' } };
  set.write('a', { exec: server('1001'), app: { probes } });
  await eventually(async () => assert.notEqual((await set.running())['a'] ?? first['a'], first['a']));
  await podOk(['rollout', 'suspend', 'polite'], { root });
  await podOk(['rollout', 'resume', 'polite'], { root });
  // It has begun again meanwhile.
  await set.until(async () => (await set.running())['a'] !== undefined);
  await podOk(['rollout', 'undo', 'polite', '--to-revision', '1'], { root });
  assert.match(await podOk(['cat-manifest', 'a'], { root }), /"1000"/);
  set.round();
  assert.match(await podOk(['cat-manifest', 'a'], { root }), /"1000"/);
});
