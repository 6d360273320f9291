import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  attribute,
  cString,
  encodeMessages,
  hole,
  nest,
  NLM_F_ACK,
  type NetlinkMessage,
  u32,
} from '../../../stages/linux/netlink.ts';
import { listAttributes, parseAttributes, parseOutcome, parseReplies } from '../../../stages/linux/netlink-decode.ts';
import { hex } from './hex.ts';

function message(more: Partial<NetlinkMessage>): NetlinkMessage {
  return { type: 16, flags: NLM_F_ACK, header: [u32(7)], attributes: [], what: 'do it', ...more };
}

function dump(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

test('a message has its length, type, flags with NLM_F_REQUEST, number and no port', () => {
  assert.equal(dump(encodeMessages([message({})], 9).bytes), hex`14000000 1000 0500 09000000 00000000 07000000`);
});

test('an attribute is padded to four bytes, which its length leaves out', () => {
  const { bytes } = encodeMessages([message({ header: [], attributes: [attribute(3, cString('lo'))] })]);
  assert.equal(dump(bytes.subarray(16)), hex`0700 0300 6c6f0000`);
});

test('a nested attribute carries NLA_F_NESTED and the length of what is in it', () => {
  const { bytes } = encodeMessages([message({ header: [], attributes: [nest(18, attribute(1, Uint8Array.of(9)))] })]);
  assert.equal(dump(bytes.subarray(16)), hex`0c00 1280 0500 0100 09000000`);
});

test('messages follow each other and count on', () => {
  const replies = parseReplies(encodeMessages([message({}), message({ type: 17 })], 5).bytes);
  assert.deepEqual(
    replies.map(({ type, seq }) => [type, seq]),
    [
      [16, 5],
      [17, 6],
    ],
  );
});

test('a hole is zeroes, and its place is told', () => {
  const { bytes, holes } = encodeMessages([message({ attributes: [attribute(2, hole('address', 4))] })]);
  assert.deepEqual(holes, [{ name: 'address', size: 4, offset: 24 }]);
  assert.equal(dump(bytes.subarray(20)), hex`0800 0200 00000000`);
});

test('a message longer than the first buffer is encoded whole', () => {
  const { bytes } = encodeMessages([message({ attributes: [attribute(1, new Uint8Array(5000).fill(7))] })]);
  assert.equal(bytes.length, 16 + 4 + 4 + 5000);
  assert.equal(bytes.at(-1), 7);
});

test('an error says its errno and the words of the extended ack', () => {
  const echoed = dump(encodeMessages([message({})]).bytes.subarray(0, 16));
  const words = dump(cString('no'));
  const text = hex`24000000 0200 0003 01000000 00000000 eaffffff` + echoed + hex`0700 0100` + words + '00';
  const bytes = Buffer.from(text, 'hex');
  bytes.writeUInt32LE(bytes.length);
  const [reply] = parseReplies(bytes);
  assert.deepEqual(parseOutcome(reply!), { errno: 22, text: 'no' });
});

test('an ack is an error of 0', () => {
  const reply = { type: 2, flags: 0, seq: 1, payload: new Uint8Array(20) };
  const outcome = parseOutcome(reply);
  assert.equal(outcome?.errno, 0);
});

test('attributes are found by type whatever their flags, and listed in order', () => {
  const list = nest(1, attribute(5, u32(1)), attribute(5, u32(2)));
  const { bytes } = encodeMessages([message({ header: [], attributes: [list] })]);
  const inner = parseAttributes(bytes.subarray(16)).get(1);
  assert.ok(inner);
  assert.deepEqual(
    listAttributes(inner).map(({ value }) => value[0]),
    [1, 2],
  );
});

test('bytes that end in the middle of a message or attribute are refused', () => {
  const { bytes } = encodeMessages([message({ attributes: [attribute(1, u32(1))] })]);
  assert.throws(() => parseReplies(bytes.subarray(0, bytes.length - 4)), /truncated message/);
  assert.throws(() => parseAttributes(bytes.subarray(20, 26)), /truncated attribute/);
});
