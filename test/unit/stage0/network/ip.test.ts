import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  formatIp6,
  linkLocalOf,
  macOf,
  overlaps4,
  parseIp4,
  parseIp6,
  parseMac,
  parsePrefix4,
} from '../../../../stages/stage0/network/ip.ts';

test('an IPv4 address is four numbers up to 255', () => {
  assert.deepEqual([...parseIp4('10.0.0.255')!], [10, 0, 0, 255]);
  for (const text of ['10.0.0', '10.0.0.256', '10.0.0.1.2', '', '10.0.0.x', ' 10.0.0.1'])
    assert.equal(parseIp4(text), undefined, text);
});

test('an IPv6 address is read in every form and written in one', () => {
  const forms: [string, string][] = [
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['FD00:0:0:0:0:0:0:1', 'fd00::1'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'],
    ['::ffff:10.0.0.1', '::ffff:a00:1'],
  ];
  for (const [text, written] of forms) assert.equal(formatIp6(parseIp6(text)!), written);
});

test('what is no IPv6 address is not read as one', () => {
  for (const text of [
    '',
    ':',
    ':::',
    '1',
    '1::2::3',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8',
    '::g',
    '::12345',
    'fe80::1%eth0',
    '::1.2.3',
  ]) {
    assert.equal(parseIp6(text), undefined, text);
  }
});

test('prefixes overlap when one holds the other', () => {
  const overlap = (a: string, b: string): boolean => overlaps4(parsePrefix4(a), parsePrefix4(b));
  assert.equal(overlap('10.0.0.0/8', '10.1.16.0/20'), true);
  assert.equal(overlap('10.1.16.0/20', '10.1.31.255/32'), true);
  assert.equal(overlap('10.1.16.0/20', '10.1.32.0/20'), false);
  assert.equal(overlap('0.0.0.0/0', '192.168.0.0/16'), true);
});

test('a MAC follows from the address, and the link-local address from the MAC', () => {
  const mac = macOf(Uint8Array.of(10, 1, 2, 3));
  assert.equal(mac, '06:70:0a:01:02:03');
  assert.equal(formatIp6(linkLocalOf(parseMac(mac))), 'fe80::470:aff:fe01:203');
});
