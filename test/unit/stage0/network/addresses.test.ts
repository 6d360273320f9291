import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PodError } from '../../../../stages/stage0/error.ts';
import {
  ADDRESS_KIND,
  addressesOf,
  candidates,
  claimAddresses,
  releaseAddresses,
} from '../../../../stages/stage0/network/addresses.ts';
import { memoryClaims } from './memory-claims.ts';

const CONFIG = {
  bridge: 'podabcdef',
  table: 'pod-abcdef',
  subnet4: '10.1.16.0/20',
  gateway4: '10.1.16.1',
  subnet6: 'fd00:1:2::/64',
  gateway6: 'fd00:1:2::1',
};
const UUID = '11111111-1111-4111-8111-111111111111';

test('candidates are every address of the lower half but network and gateway, each once', () => {
  const all = [...candidates(CONFIG, UUID)];
  assert.equal(all.length, 2046);
  assert.equal(new Set(all).size, 2046);
  for (const address of ['10.1.16.0', '10.1.16.1', '10.1.24.0', '10.1.31.255'])
    assert.equal(all.includes(address), false);
  for (const address of ['10.1.16.2', '10.1.23.255']) assert.equal(all.includes(address), true);
});

test('IPv6 address and MAC follow from the IPv4 address', () => {
  assert.deepEqual(addressesOf(CONFIG, '10.1.17.2'), {
    ip4: '10.1.17.2',
    ip6: 'fd00:1:2::102',
    mac: '06:70:0a:01:11:02',
  });
});

test('a pod gets the first free address after the place its uuid hashes to', () => {
  const claims = memoryClaims();
  const [first, second] = [...candidates(CONFIG, UUID)];
  claims.claim('/r', ADDRESS_KIND, first!, 'another');
  assert.equal(claimAddresses(claims, '/r', CONFIG, UUID).ip4, second);
});

test('an address that is released can be claimed again', () => {
  const claims = memoryClaims();
  const addresses = claimAddresses(claims, '/r', CONFIG, UUID);
  releaseAddresses(claims, '/r', addresses, UUID);
  assert.deepEqual(claimAddresses(claims, '/r', CONFIG, UUID), addresses);
});

test('when all are taken the error says so', () => {
  const claims = { ...memoryClaims(), claimFirstFree: () => undefined };
  assert.throws(
    () => claimAddresses(claims, '/r', CONFIG, UUID),
    (error) => error instanceof PodError && error.code === 'network/exhausted',
  );
});
