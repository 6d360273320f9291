import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { test } from 'node:test';
import { podOk } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { PodProcess } from '../run/pod-process.ts';
import { server, SetFolder } from './set-folder.ts';

const root = useTempRoot();
const NAMES = ['a', 'b', 'c', 'd', 'e'];
/** `a` and `b` are there twice for a while. */
const ROLLING = { 'pod/strategy': 'start-first', 'pod/min-ready-seconds': '0.1' };

interface Inventory {
  readonly pods: Readonly<Record<string, { readonly current: { readonly uuid: string } }>>;
}

function writeAll(set: SetFolder, word: string): void {
  for (const name of NAMES) {
    const dependsOn = name === 'e' ? { 'pod/depends-on': 'a:ready, c' } : {};
    set.write(name, { exec: server(word), annotations: { ...dependsOn, ...(name < 'c' ? ROLLING : {}) } });
  }
}

/** One of each runs, and it is the one that the inventory names and that has the name. */
async function assertWhole(set: SetFolder, word: string): Promise<void> {
  const running = await set.running();
  assert.deepEqual(Object.keys(running).toSorted(), NAMES);
  const { pods } = JSON.parse(readFileSync(join(root, 'sets', set.name, 'inventory.json'), 'utf8')) as Inventory;
  for (const name of NAMES) {
    const uuid = running[name]!;
    assert.equal(pods[name]!.current.uuid, uuid);
    assert.equal(readFileSync(join(root, 'claims/name', name), 'utf8'), uuid);
    assert.match(readFileSync(join(root, 'pods/run', uuid, 'manifest.yaml'), 'utf8'), new RegExp(`"${word}"`));
  }
  assert.deepEqual(readdirSync(join(root, 'pods/run')).toSorted(), Object.values(running).toSorted());
}

test('what an apply that was killed left is brought to what is wanted by the next', async () => {
  await using set = new SetFolder(root, 'killed');
  for (let round = 0; round < 10; round++) {
    const word = String(1000 + round);
    writeAll(set, word);
    const apply = new PodProcess(root, ['apply', '-f', set.dir, '-o', 'jsonl']);
    // An apply of these takes half a second; where in it a round strikes is not to be the same on all machines.
    await apply.says('"started"');
    await delay(round * 35);
    apply.signal('SIGKILL');
    await apply.ended();
    await set.applyOk();
    await assertWhole(set, word);
  }
});

test('an apply that was killed while it removed pods has them removed by the next', async () => {
  await using set = new SetFolder(root, 'killed');
  writeAll(set, '1000');
  await set.applyOk();
  for (const name of NAMES.slice(1)) set.remove(name);
  const apply = new PodProcess(root, ['apply', '-f', set.dir, '--prune', '-o', 'jsonl']);
  await apply.says('"pod-stopping"');
  apply.signal('SIGKILL');
  await apply.ended();
  await set.applyOk('--prune');
  assert.deepEqual(await set.names(), ['a']);
});

test('a job that was done before its apply was killed is not done again, even if all is collected meanwhile', async () => {
  await using set = new SetFolder(root, 'once');
  set.write('job', { exec: ['/bin/true'] });
  const probes = { ready: { exec: ['/bin/false'] } };
  set.write('slow', { app: { probes }, annotations: { 'pod/depends-on': 'job:completed' } });
  set.write('last', { annotations: { 'pod/depends-on': 'slow:ready' } });
  const apply = new PodProcess(root, ['apply', '-f', set.dir, '-o', 'jsonl']);
  await apply.says('"pod-starting","pod":"slow"');
  apply.signal('SIGKILL');
  await apply.ended();
  await podOk(['gc', '--grace', '0s'], { root });
  set.write('slow', { annotations: { 'pod/depends-on': 'job:completed' } });
  assert.match(await set.applyOk('-o', 'jsonl'), /^(?![^]*pod-starting","pod":"job")/);
});

test('what an apply that was killed was about to make keeps no host port from the next', async () => {
  await using set = new SetFolder(root, 'ports');
  set.write('web', {
    app: { ports: [{ name: 'http', port: 80, hostPort: 18_480 }] },
    pod: { network: { mode: 'bridge' } },
  });
  await set.applyOk();
  const { web } = await set.running();
  await podOk(['rm', '--force', web!], { root });
  // As it is when its maker is killed between its claims and its launch.
  const lost = randomUUID();
  mkdirSync(join(root, 'pods/prepare', lost));
  writeFileSync(join(root, 'pods/prepare', lost, 'uuid'), lost);
  writeFileSync(join(root, 'claims/port/tcp-any-18480'), lost);
  const path = join(root, 'sets/ports/inventory.json');
  const inventory = JSON.parse(readFileSync(path, 'utf8')) as Inventory;
  const { current } = inventory.pods['web']!;
  writeFileSync(path, JSON.stringify({ ...inventory, pods: { web: { current, next: { ...current, uuid: lost } } } }));
  await set.applyOk('--wait');
  assert.deepEqual(await set.names(), ['web']);
  assert.equal(existsSync(join(root, 'pods/prepare', lost)), false);
});
