import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PodError } from '../../../../stages/stage0/error.ts';
import { Owners } from '../../../../stages/stage0/copy/owners.ts';

const CAPS_2 = Buffer.from('0100000200200000000000000000000000000000', 'hex');
const rooted = (uid: number): Buffer => {
  const value = Buffer.concat([CAPS_2, Buffer.alloc(4)]);
  value[3] = 3;
  value.writeUInt32LE(uid, 20);
  return value;
};

test('owners of a pod are counted from its base, and nobody is who has no number in it', () => {
  const owners = new Owners(1 << 20);
  assert.deepEqual(
    [(1 << 20) + 33, (1 << 20) + 65_536, 0, 33].map((id) => owners.inside(id)),
    [33, 65_534, 65_534, 65_534],
  );
  assert.equal(owners.outside(33, 'f'), (1 << 20) + 33);
  assert.throws(
    () => owners.outside(65_536, 'f'),
    (error) => error instanceof PodError && error.code === 'host/refused',
  );
});

test('without a user namespace numbers are what they are', () => {
  const owners = new Owners(null);
  assert.deepEqual([owners.inside(70_000), owners.outside(70_000, 'f')], [70_000, 70_000]);
});

test('in what an exited pod left, files of the image have the numbers the image gave them', () => {
  const owners = new Owners(1 << 20, 'unmapped');
  assert.deepEqual(
    [33, (1 << 20) + 33, 65_536, (1 << 20) - 1].map((id) => owners.inside(id)),
    [33, 33, 65_534, 65_534],
  );
});

test("capabilities are valid for the pod's root, inside without saying so, outside by its number", () => {
  const owners = new Owners(1 << 20);
  assert.deepEqual(owners.capabilityOutside(CAPS_2), rooted(1 << 20));
  assert.deepEqual(owners.capabilityInside(rooted(1 << 20)), CAPS_2);
  assert.equal(owners.capabilityInside(rooted(7)), undefined);
});
