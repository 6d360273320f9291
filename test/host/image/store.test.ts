import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { resolveImage } from '../../../stages/stage0/image/resolve.ts';
import { createStore, StoreLock, sweepStore, TempDir } from '../../../stages/stage0/image/store.ts';
import { archive } from '../../unit/stage0/image/tar-fixture.ts';
import { snapshot, Workspace } from './workspace.ts';

const CHILD_REF = process.env.POD_TEST_REF;
const CHILD_STORE = process.env.POD_TEST_STORE ?? '';
const CHILD_PIECES = Number(process.env.POD_TEST_PIECES ?? Infinity);

/** This file once more, as another process that resolves one image; with `pieces` it stops where it is once it has read so many. */
function resolveElsewhere(ref: string, store: string, pieces = Infinity): ChildProcess {
  const env = { ...process.env, POD_TEST_REF: ref, POD_TEST_STORE: store, POD_TEST_PIECES: String(pieces) };
  return spawn(process.execPath, [process.argv[1]!], { stdio: ['ignore', 'pipe', 'inherit'], env });
}

async function resolveAsChild(ref: string): Promise<void> {
  let pieces = 0;
  const onProgress = (): void => {
    if (++pieces !== CHILD_PIECES) return;
    writeSync(1, 'stopping');
    process.kill(process.pid, 'SIGSTOP');
  };
  await resolveImage(ref, { storeDir: CHILD_STORE, baseDir: '/', onProgress });
}

function largeArchive(work: Workspace): string {
  const files = Array.from({ length: 1000 }, (_, i) => ({
    path: `d${i % 50}/f${i}`,
    content: Buffer.alloc(30_000, i),
  }));
  return `tar:${work.write('large.tar', archive(...files))}`;
}

async function killDuringUnpack(): Promise<void> {
  using work = new Workspace();
  const ref = largeArchive(work);
  for (const pieces of [1, 5, 15]) {
    const child = resolveElsewhere(ref, work.store, pieces);
    await once(child.stdout!, 'data');
    child.kill('SIGKILL');
    await once(child, 'exit');
    assert.deepEqual(readdirSync(join(work.store, 'layers')), []);
    // The layer, its lock, and what says that an image is being made.
    assert.equal(sweepStore(work.store).length, work.leftovers().length + 3);
    assert.deepEqual(work.leftovers(), []);
  }
  const layer = (await work.resolve(ref)).mounts[0]!.layers[0]!;
  assert.equal(readdirSync(layer).length, 50);
}

async function unpackInTwoProcesses(): Promise<void> {
  using work = new Workspace();
  const ref = largeArchive(work);
  const children = [resolveElsewhere(ref, work.store), resolveElsewhere(ref, work.store)];
  const codes = await Promise.all(
    children.map(async (child) => {
      child.stdout!.resume();
      return (await once(child, 'exit'))[0] as number;
    }),
  );
  assert.deepEqual(codes, [0, 0]);
  assert.equal(readdirSync(join(work.store, 'layers')).length, 1);
  assert.deepEqual(work.leftovers(), []);
}

function sweepSparesTheLiving(): void {
  using work = new Workspace();
  const store = createStore(work.store);
  mkdirSync(join(store.tmp, 'dead/deep'), { recursive: true });
  writeFileSync(join(store.locks, 'dead'), '');
  using living = TempDir.create(store);
  assert.deepEqual(sweepStore(work.store).toSorted(), [join(store.locks, 'dead'), join(store.tmp, 'dead')]);
  assert.deepEqual(readdirSync(store.tmp), [living.path.split('/').at(-1)]);
}

async function locksExclude(): Promise<void> {
  using work = new Workspace();
  const store = createStore(work.store);
  const first = await StoreLock.acquire(store, 'layer');
  const order: string[] = [];
  const takeSecond = async (): Promise<void> => {
    using _lock = await StoreLock.acquire(store, 'layer');
    order.push('second');
  };
  const second = takeSecond();
  await assert.rejects(StoreLock.acquire(store, 'layer', AbortSignal.timeout(20)), { name: 'TimeoutError' });
  order.push('first');
  first[Symbol.dispose]();
  await second;
  assert.deepEqual(order, ['first', 'second']);
  assert.deepEqual(work.leftovers(), []);
}

async function layersAreNotTouched(): Promise<void> {
  using work = new Workspace();
  const ref = largeArchive(work);
  const layer = (await work.resolve(ref)).mounts[0]!.layers[0]!;
  const before = snapshot(layer);
  await work.resolve(ref);
  sweepStore(work.store);
  assert.equal(snapshot(layer), before);
}

if (CHILD_REF !== undefined) void resolveAsChild(CHILD_REF);
else {
  test('an unpacking killed at any moment leaves no layer, and a sweep removes the rest', killDuringUnpack);
  test('two processes that want one layer unpack it once, or the slower one yields', unpackInTwoProcesses);
  test('a sweep removes what the dead left, and spares what is being worked at', sweepSparesTheLiving);
  test('a lock is held by one, given up on request, and leaves no file', locksExclude);
  test('a layer stays as it was unpacked', layersAreNotTouched);
}
