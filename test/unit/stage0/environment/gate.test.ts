import assert from 'node:assert/strict';
import { readSync, writeSync } from 'node:fs';
import { test } from 'node:test';
import { Gate } from '../../../../stages/stage0/environment/gate.ts';

/** What init's read says: bytes, or the name of an errno. */
function readEnd(fd: number): number | string {
  try {
    return readSync(fd, new Uint8Array(1));
  } catch (error) {
    return (error as NodeJS.ErrnoException).code!;
  }
}

async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  void promise.then(() => (settled = true));
  await new Promise((resolve) => setTimeout(resolve, 20));
  return settled;
}

test('a gate knows when all have arrived, and lets all in when it is opened', async () => {
  using gate = new Gate();
  using one = gate.enter('1');
  using two = gate.enter('2');
  assert.deepEqual(gate.uuids, ['1', '2']);
  const arrived = gate.arrived();
  writeSync(one.number, Uint8Array.of(0));
  assert.equal(await isSettled(arrived), false);
  assert.equal(await isSettled(gate.opened), false);
  writeSync(two.number, Uint8Array.of(0));
  await arrived;
  gate.open();
  await gate.opened;
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual([readEnd(one.number), readEnd(two.number)], [0, 0]);
});

test('one that ended on its way holds up nobody', async () => {
  using gate = new Gate();
  const lost = gate.enter('lost');
  using other = gate.enter('other');
  writeSync(other.number, Uint8Array.of(0));
  lost[Symbol.dispose]();
  await gate.arrived();
});

test('whoever comes to a gate that was given up is let in', async () => {
  const gate = new Gate();
  using late = gate.enter('late');
  gate[Symbol.dispose]();
  await gate.arrived();
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(readEnd(late.number), 0);
});
