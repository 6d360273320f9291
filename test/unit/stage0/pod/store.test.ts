import assert from 'node:assert/strict';
import { closeSync, mkdirSync, mkdtempSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { PodError } from '../../../../stages/stage0/error.ts';
import { claimName, nameOwner, releaseName } from '../../../../stages/stage0/pod/names.ts';
import { type PodRecord, writeRecord } from '../../../../stages/stage0/pod/record.ts';
import { PodStore } from '../../../../stages/stage0/pod/store.ts';
import { useScratch, UUID_A, UUID_B, UUID_C } from './scratch.ts';

const scratch = useScratch();

function newStore(): PodStore {
  return new PodStore(mkdtempSync(join(scratch, 'root-')));
}

function recordOf(uuid: string, name: string): PodRecord {
  const manifest = { path: 'x.yaml', digest: 'sha256:0' };
  const network = { mode: 'none', ips: [] };
  const times = { createdAt: '2026-01-01T00:00:00.000Z', bootId: 'x' };
  return {
    uuid,
    name,
    manifest,
    network,
    ...times,
    labels: {},
    annotations: {},
    hostname: name,
    uidBase: null,
    apps: [],
  };
}

function addPod(store: PodStore, uuid: string, name: string): void {
  const { path, lockFd } = store.create(uuid);
  writeRecord(path, recordOf(uuid, name));
  closeSync(lockFd);
  store.move(uuid, 'prepare', 'exited');
}

function codeOf(act: () => unknown): string | undefined {
  try {
    act();
  } catch (error) {
    assert.ok(error instanceof PodError, String(error));
    return error.code;
  }
  return undefined;
}

test('a new pod is a directory of mode 0700 in prepare', () => {
  const store = newStore();
  const { path, lockFd, uuid } = store.create();
  assert.equal(statSync(path).mode & 0o7777, 0o700);
  assert.equal(statSync(join(store.root, 'pods')).mode & 0o777, 0o700);
  assert.deepEqual(store.locate(uuid), { uuid, state: 'prepare', path });
  closeSync(lockFd);
});

test('a store that does not exist has no pods, and listing does not make it', () => {
  const root = join(scratch, 'absent');
  assert.deepEqual(new PodStore(root).list(), []);
  assert.throws(() => statSync(root));
});

test('what is not named like a uuid is no pod', () => {
  const store = newStore();
  addPod(store, UUID_A, 'a');
  mkdirSync(join(store.root, 'pods/run/lost+found'));
  assert.deepEqual(
    store.list().map((pod) => pod.uuid),
    [UUID_A],
  );
});

test('a pod is found by uuid, by unique prefix, by name', () => {
  const store = newStore();
  addPod(store, UUID_A, 'web');
  addPod(store, UUID_C, 'db');
  for (const query of [UUID_A, '1111', 'web']) assert.equal(store.find(query).uuid, UUID_A);
});

test('a name beats a prefix', () => {
  const store = newStore();
  addPod(store, UUID_A, 'cafe');
  addPod(store, UUID_C, 'db');
  assert.equal(store.find('cafe').uuid, UUID_A);
});

test('a prefix of two pods is ambiguous, and the error lists both', () => {
  const store = newStore();
  addPod(store, UUID_A, 'web');
  addPod(store, UUID_B, 'db');
  assert.equal(
    codeOf(() => store.find('1111')),
    'pod/ambiguous',
  );
  assert.throws(
    () => store.find('1111'),
    (error: PodError) => error.message.includes(UUID_A) && error.message.includes(UUID_B),
  );
});

test('the rest of a removal has no name, but a prefix, which a pod takes precedence over', () => {
  const store = newStore();
  addPod(store, UUID_A, 'web');
  store.move(UUID_A, 'exited', 'garbage');
  assert.equal(store.find('1111').uuid, UUID_A);
  assert.throws(() => store.find('web'), { code: 'pod/not-found', hint: 'pod ps -a lists all pods' });
  addPod(store, UUID_B, 'db');
  assert.equal(store.find('1111').uuid, UUID_B);
});

test('a name that is nearly right is suggested', () => {
  const store = newStore();
  addPod(store, UUID_A, 'web-server');
  assert.throws(
    () => store.find('web-sever'),
    (error: PodError) => error.code === 'pod/not-found' && /"web-server"/.test(error.hint ?? ''),
  );
});

test('no query can leave the store', () => {
  const store = newStore();
  addPod(store, UUID_A, 'web');
  for (const query of ['', '.', '..', '../run', '/etc', 'a\0b', 'x'.repeat(5000)]) {
    assert.equal(
      codeOf(() => store.find(query)),
      'pod/not-found',
      JSON.stringify(query),
    );
  }
});

test('a name passes on from a pod that has exited', () => {
  const store = newStore();
  addPod(store, UUID_A, 'web');
  claimName(store, 'web', UUID_A);
  claimName(store, 'web', UUID_B);
  assert.equal(nameOwner(store.root, 'web'), UUID_B);
});

test('a name stays with a pod that lives', () => {
  const store = newStore();
  const { lockFd } = store.create(UUID_A);
  claimName(store, 'web', UUID_A);
  assert.equal(
    codeOf(() => claimName(store, 'web', UUID_B)),
    'pod/name-taken',
  );
  closeSync(lockFd);
  claimName(store, 'web', UUID_B);
});

test('a pod gives up only its own name', () => {
  const store = newStore();
  store.create(UUID_A);
  claimName(store, 'web', UUID_A);
  releaseName(store.root, 'web', UUID_B);
  assert.equal(nameOwner(store.root, 'web'), UUID_A);
  releaseName(store.root, 'web', UUID_A);
  assert.equal(nameOwner(store.root, 'web'), undefined);
});
