import assert from 'node:assert/strict';
import { test } from 'node:test';
import { candidates } from '../../../../stages/stage0/network/addresses.ts';
import { parsePrefix4 } from '../../../../stages/stage0/network/ip.ts';
import { closedRooms, isRoomFree, PLACES, placeAddress, roomsOf } from '../../../../stages/stage0/network/rooms.ts';

const CONFIG = {
  bridge: 'podabcdef',
  table: 'pod-abcdef',
  subnet4: '10.1.16.0/20',
  gateway4: '10.1.16.1',
  subnet6: 'fd00:1:2::/64',
  gateway6: 'fd00:1:2::1',
};

function addresses(kind: 'open' | 'closed'): string[] {
  return roomsOf(kind).flatMap((room) =>
    Array.from({ length: PLACES }, (_, place) => placeAddress(CONFIG, { room, place })),
  );
}

test("no two places have one address, and none is an ordinary pod's", () => {
  const all = [...addresses('closed'), ...addresses('open')];
  assert.equal(new Set(all).size, all.length);
  const ordinary = new Set(candidates(CONFIG, '11111111-1111-4111-8111-111111111111'));
  assert.deepEqual(
    all.filter((address) => ordinary.has(address)),
    [],
  );
  assert.equal(all.includes('10.1.31.255'), false);
});

test('one prefix holds all closed rooms, and no open one', () => {
  const { base, bits } = closedRooms(CONFIG);
  const isInside = (address: string): boolean => {
    const other = parsePrefix4(`${address}/32`).base;
    return other >= base && other < base + 2 ** (32 - bits);
  };
  assert.ok(addresses('closed').every(isInside));
  assert.equal(addresses('open').some(isInside), false);
});

test('the first room and its places are always the same', () => {
  assert.deepEqual(
    [placeAddress(CONFIG, { room: 0, place: 0 }), placeAddress(CONFIG, { room: 1, place: 2 })],
    ['10.1.24.1', '10.1.24.19'],
  );
});

test('a room with a claim of one of its addresses is not free, whoever holds it and however', () => {
  assert.equal(isRoomFree([], CONFIG, 0), true);
  assert.equal(isRoomFree(['10.1.24.17', '10.1.16.5'], CONFIG, 0), true);
  assert.equal(isRoomFree(['10.1.24.17'], CONFIG, 1), false);
  assert.equal(isRoomFree(['10.1.24.30+11111111-1111-4111-8111-111111111111'], CONFIG, 1), false);
});
