import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Attribute, encodeMessages, type NetlinkMessage, u8 } from '../../../stages/linux/netlink.ts';
import {
  addElements,
  batch,
  deleteElements,
  newChain,
  newRule,
  newSet,
  newTable,
  NFPROTO_INET,
} from '../../../stages/linux/nftables.ts';
import { cmp, ctHas, CT_STATE, lookup, meta, payload, verdict } from '../../../stages/linux/nftables-expressions.ts';
import { hex } from './hex.ts';

const TABLE = { family: NFPROTO_INET, table: 't' };
const NAME = hex`06000100 74000000`;

function encode(message: NetlinkMessage): string {
  return Buffer.from(encodeMessages([message]).bytes).toString('hex');
}

/** Without the message's header. */
function body(message: NetlinkMessage): string {
  return encode(message).slice(32);
}

function expression(item: Attribute): string {
  return encode({ type: 0, flags: 0, header: [], attributes: [item], what: '' }).slice(32);
}

test('a batch is framed by messages of the nf_tables subsystem that ask for no ack', () => {
  const frame = (type: string, seq: string): string => hex`14000000 ${type} 0100 ${seq} 00000000 0000000a`;
  const bytes = Buffer.from(encodeMessages(batch([])).bytes).toString('hex');
  assert.equal(bytes, frame('1000', '01000000') + frame('1100', '02000000'));
});

test('a table', () => {
  assert.equal(encode(newTable(TABLE)), hex`1c000000 000a 0504 01000000 00000000 01000000` + NAME);
});

test('a base chain has its hook, priority and type', () => {
  const chain = newChain(TABLE, { name: 'c', type: 'nat', hook: 'output', priority: -100 });
  const hook = hex`14000480 08000100 00000003 08000200 ffffff9c`;
  assert.equal(body(chain), '01000000' + NAME + hex`06000300 63000000` + hook + hex`08000700 6e617400`);
});

test('a map of concatenations has the types nft prints, and lengths in whole registers', () => {
  const map = newSet(TABLE, { name: 'm', key: ['inet_proto', 'inet_service'], data: ['ipv4_addr', 'inet_service'] }, 1);
  const key = hex`08000400 0000030d 08000500 00000008`;
  const data = hex`08000600 000001cd 08000700 00000008`;
  assert.equal(
    body(map),
    '01000000' + NAME + hex`06000200 6d000000 08000300 00000008` + key + hex`08000a00 00000001` + data,
  );
});

test('the key of a set of one type has its true length', () => {
  assert.ok(body(newSet(TABLE, { name: 's', key: ['inet_service'] }, 1)).includes(hex`08000500 00000002`));
});

test('an element pads each member of its key and value to four bytes', () => {
  const element = { key: [u8(6), Uint8Array.of(0x1f, 0x90)], data: [Uint8Array.of(10, 0, 0, 2), Uint8Array.of(0, 80)] };
  const key = hex`10000180 0c000100 06000000 1f900000`;
  const data = hex`10000280 0c000100 0a000002 00500000`;
  const head = '01000000' + NAME + hex`06000200 6d000000`;
  assert.equal(body(addElements(TABLE, 'm', [element])), hex`${head} 28000380 24000180 ${key} ${data}`);
  assert.equal(body(deleteElements(TABLE, 'm', [element])), hex`${head} 18000380 14000180 ${key}`);
});

test('expressions: load, compare, look up, decide', () => {
  const name = (text: string): string => {
    const bytes = Buffer.from(`${text}\0`);
    const padded = Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
    return `${(bytes.length + 4).toString(16).padStart(2, '0')}000100${padded.toString('hex')}`;
  };
  assert.equal(
    expression(meta('l4proto')),
    '24000180' + name('meta') + hex`14000280 08000100 00000008 08000200 00000010`,
  );
  assert.ok(
    expression(payload('transport', 2, 2, 1)).endsWith(
      hex`08000100 00000009 08000200 00000002 08000300 00000002 08000400 00000002`,
    ),
  );
  assert.ok(expression(cmp('ne', u8(6))).endsWith(hex`08000200 00000001 0c000380 05000100 06000000`));
  assert.ok(expression(lookup('s', 'not-in')).endsWith(hex`08000200 00000008 08000500 00000001`));
  assert.ok(expression(verdict('drop')).endsWith(hex`08000100 00000000 10000280 0c000280 08000100 00000000`));
});

test('states of a connection are compared in the byte order of the machine', () => {
  const [, masked, compared] = ctHas('state', CT_STATE.established | CT_STATE.related);
  assert.ok(expression(masked!).includes(hex`08000100 06000000`));
  assert.ok(expression(compared!).endsWith(hex`08000100 00000000`));
});

test('a rule carries its expressions and its comment', () => {
  const text = body(newRule(TABLE, 'c', [verdict('accept')], 'hi'));
  assert.ok(text.startsWith('01000000' + NAME + hex`06000200 63000000`));
  assert.ok(text.endsWith(hex`09000700 0003 686900 000000`));
});
