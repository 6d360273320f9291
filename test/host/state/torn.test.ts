import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { PodError } from '../../../stages/stage0/error.ts';
import { collect } from '../../../stages/stage0/gc/collect.ts';
import { appendLedger, readLedger } from '../../../stages/stage0/pod/ledger.ts';
import { readStatus } from '../../../stages/stage0/pod/status.ts';
import { POD_FILES } from '../../../stages/stage0/pod/layout.ts';
import { PodStore } from '../../../stages/stage0/pod/store.ts';
import { copyExited, countPods } from '../../harness/copied-pods.ts';
import { pod, podOk } from '../../harness/pod-cli.ts';
import { isWholeSweep } from '../../fault/random.ts';
import { useTempRoot } from '../../harness/temp-root.ts';

const root = useTempRoot();
const store = new PodStore(root);
let original = '';

before(async () => {
  const app = { name: 'a', image: 'host', exec: ['/bin/sh', '-c', 'echo out; exit 3'] };
  const manifest = { apiVersion: 'pod/v1', kind: 'Pod', metadata: { name: 'copied' }, apps: [app] };
  original = await podOk(['run', '-d', '-'], { root, input: JSON.stringify(manifest) });
  await podOk(['wait', original], { root });
});

/** How a crash, a full disk or a failing one may leave a file; undefined: not at all. */
function* damages(whole: Buffer): Generator<Buffer | undefined> {
  yield undefined;
  const step = isWholeSweep ? 1 : Math.ceil(whole.length / 12);
  for (let length = 0; length < whole.length; length += step) {
    yield whole.subarray(0, length);
    // The size was written, the data was not.
    yield Buffer.concat([whole.subarray(0, length), Buffer.alloc(whole.length - length)]);
  }
  yield Buffer.from('\xff\xfe{{{"\n', 'latin1');
  for (const value of ['null', '[]', '{}', '7', '"x"', '{"t":-1,"e":3,"kind":7,"apps":[null],"name":{}}'])
    yield Buffer.from(`${value}\n`);
}

const RUN_FILES = [
  POD_FILES.record,
  POD_FILES.ledger,
  POD_FILES.events,
  POD_FILES.final,
  POD_FILES.manifest,
  POD_FILES.uuid,
];

for (const file of RUN_FILES) {
  test(`${file} torn at any length, or garbage: the pod is listed, and gc removes it`, async () => {
    const whole = readFileSync(`${store.locate(original)!.path}/${file}`);
    const list = [...damages(whole)];
    const copies = copyExited(root, original, list.length, () => false);
    for (const [index, uuid] of copies.entries()) {
      const { path } = store.locate(uuid)!;
      rmSync(`${path}/${file}`);
      const damage = list[index];
      if (damage) writeFileSync(`${path}/${file}`, damage);
      const status = readStatus(store, uuid);
      assert.equal(status?.state, 'exited');
      assert.ok(JSON.stringify(status).includes(uuid));
    }
    const listed = JSON.parse(await podOk(['ps', '-a', '-o', 'json'], { root })) as unknown[];
    assert.equal(listed.length, copies.length + 1);
    await podOk(['ps', '-a'], { root });
    for (const verb of ['status', 'inspect', 'logs', 'cat-manifest'])
      assert.doesNotMatch((await pod([verb, copies[2]!], { root })).stderr, /internal error/);
    // The original has just exited: it stays.
    const { failures } = await collect(root, { graceMs: 0, expirePreparedMs: 0, isDryRun: true });
    assert.deepEqual(failures, []);
    for (const uuid of copies) await removeOne(uuid);
    assert.equal(countPods(root), 1);
  });
}

test('a directory in the place of a file says nothing, and goes with the pod', async () => {
  const copies = copyExited(root, original, RUN_FILES.length, () => false);
  for (const [index, file] of RUN_FILES.entries()) {
    const path = `${store.locate(copies[index]!)!.path}/${file}`;
    rmSync(path);
    mkdirSync(`${path}/deep`, { recursive: true });
  }
  const listed = JSON.parse(await podOk(['ps', '-a', '-o', 'json'], { root })) as unknown[];
  assert.equal(listed.length, copies.length + 1);
  for (const uuid of copies) await podOk(['rm', uuid], { root });
  assert.equal(countPods(root), 1);
});

test('a pod that cannot be read hides no other', async () => {
  const [uuid] = copyExited(root, original, 1, () => false);
  const record = `${store.locate(uuid!)!.path}/${POD_FILES.record}`;
  rmSync(record);
  symlinkSync(record, record);
  const { exitCode, stdout, stderr } = await pod(['ps', '-a', '-o', 'name'], { root });
  assert.deepEqual([exitCode, stdout], [1, original]);
  assert.match(stderr, new RegExp(`^error: read what is recorded of pod ${uuid}: ELOOP.* \\[state/io\\]\n {2}hint: `));
  // Nor keeps it a name from being found, and the hint holds.
  assert.match(await podOk(['status', 'copied'], { root }), new RegExp(original));
  await podOk(['rm', '--force', uuid!], { root });
  assert.equal(countPods(root), 1);
});

test('a ledger that names the cgroups of another pod ends none of its processes', async () => {
  const app = { name: 'a', image: 'host', exec: ['/bin/sleep', '1000'] };
  const manifest = { apiVersion: 'pod/v1', kind: 'Pod', metadata: { name: 'other' }, apps: [app] };
  const other = await podOk(['run', '-d', '-'], { root, input: JSON.stringify(manifest) });
  const [uuid] = copyExited(root, original, 1, () => false);
  const cgroups = readLedger(store.locate(other)!.path).filter(({ kind }) => kind === 'cgroup');
  assert.ok(cgroups.length > 0);
  appendLedger(store.locate(uuid!)!.path, cgroups);
  await podOk(['rm', uuid!], { root });
  assert.equal(
    (JSON.parse(await podOk(['status', '-o', 'json', other], { root })) as { state: string }).state,
    'running',
  );
  await podOk(['rm', '--force', other], { root });
});

test('a ledger with entries of another shape, or of another pod, keeps no pod from being removed', async () => {
  const app = { name: 'a', image: 'host', exec: ['/bin/sleep', '1000'] };
  const manifest = { apiVersion: 'pod/v1', kind: 'Pod', metadata: { name: 'held' }, apps: [app] };
  const other = await podOk(['run', '-d', '-'], { root, input: JSON.stringify(manifest) });
  const networks = readLedger(store.locate(other)!.path).filter(({ kind }) => kind === 'network');
  assert.equal(networks.length, 1);
  const addresses = readdirSync(`${root}/claims/ip4`);
  for (const entries of [
    networks,
    [{ kind: 'network', uuid: 'own', bridge: {}, ports: [] }],
    [{ kind: 'network', uuid: 'own', ports: [null] }],
    [{ kind: 'network', uuid: 'own', ports: [], bridge: { ...(networks[0]!['bridge'] as object), veth: 'lo' } }],
    [{ kind: 'claim', of: '../../x', key: 'y' }],
  ]) {
    const [uuid] = copyExited(root, original, 1, () => false);
    appendLedger(
      store.locate(uuid!)!.path,
      entries.map((entry) => ('uuid' in entry && entry.uuid === 'own' ? { ...entry, uuid: uuid! } : entry)),
    );
    await podOk(['rm', uuid!], { root });
    assert.deepEqual(readdirSync(`${root}/claims/ip4`), addresses);
  }
  await podOk(['rm', '--force', other], { root });
});

/** An error that says what to do is an answer too, as long as the next gc knows how. */
async function removeOne(uuid: string): Promise<void> {
  const { removePod } = await import('../../../stages/stage0/gc/remove.ts');
  try {
    await removePod(root, uuid, []);
  } catch (error) {
    assert.fail(`${uuid}: ${error instanceof PodError ? error.code : ''} ${String(error)}`);
  }
}

test('a name whose claim is torn can be taken by the next pod', async () => {
  for (const content of ['', 'x', original.slice(0, 20), `${original}${original}`, '\0'.repeat(36)]) {
    writeFileSync(`${root}/claims/name/torn`, content);
    utimesSync(`${root}/claims/name/torn`, 0, 0);
    const uuid = await podOk(['run', '-d', '--name', 'torn', '-'], { root, input: manifestOf('torn') });
    await podOk(['wait', uuid], { root });
    await podOk(['rm', 'torn'], { root });
    assert.equal(readdirSync(`${root}/claims/name`).includes('torn'), false);
  }
});

function manifestOf(name: string): string {
  const app = { name: 'a', image: 'host', exec: ['/bin/true'] };
  return JSON.stringify({ apiVersion: 'pod/v1', kind: 'Pod', metadata: { name }, apps: [app] });
}

test('a torn network.json is a clear error, and gc removes it', async () => {
  const path = `${root}/network.json`;
  const whole = readFileSync(path);
  for (const content of [
    whole.subarray(0, 0),
    whole.subarray(0, 40),
    Buffer.from('null'),
    Buffer.alloc(whole.length),
  ]) {
    writeFileSync(path, content);
    const refused = await pod(['run', '-d', '-'], { root, input: manifestOf('net') });
    assert.deepEqual([refused.exitCode, /\[state\/io\]/.test(refused.stderr)], [125, true], refused.stderr);
    await podOk(['gc'], { root });
    await podOk(['run', '--rm', '-'], { root, input: manifestOf('net') });
  }
});

test('a prepared pod expires, and not before its time', async () => {
  const [uuid] = copyExited(root, original, 1, () => false);
  mkdirSync(`${root}/pods/prepared`, { recursive: true });
  store.move(uuid!, 'exited', 'prepared');
  const gc = async (limit: string): Promise<string[]> => {
    const said = await podOk(['gc', '--grace', '1h', '--expire-prepared', limit, '-o', 'json'], { root });
    return (JSON.parse(said) as { what: string; id: string }[]).flatMap(({ what, id }) => (what === 'pod' ? id : []));
  };
  assert.deepEqual(await gc('1h'), []);
  assert.deepEqual(await gc('0s'), [uuid]);
});
