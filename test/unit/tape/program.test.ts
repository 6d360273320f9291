import assert from 'node:assert/strict';
import { test } from 'node:test';
import { offset, Program, sym } from '../../../stages/tape/program.ts';
import { WELL_KNOWN_REGISTERS } from '../../../stages/tape/registers.ts';

test('a register is made on first use and is the same ever after', () => {
  const program = new Program();
  assert.equal(program.reg('a').index, 16);
  assert.equal(program.reg('b').index, 17);
  assert.equal(program.reg('a').index, 16);
});

test('the registers stage1 knows keep their numbers', () => {
  const program = new Program();
  for (const [name, index] of Object.entries(WELL_KNOWN_REGISTERS)) assert.equal(program.reg(name).index, index);
});

test("a program over another's registers goes on behind them", () => {
  const program = new Program({ stdin: 7, mine: 40 });
  assert.equal(program.reg('mine').index, 40);
  assert.equal(program.reg('new').index, 41);
});

test('equal texts are one item, bytes are not', () => {
  const program = new Program();
  assert.deepEqual(program.text('x'), program.text('x'));
  assert.deepEqual(program.text(['a', sym('u')]), program.text(['a', sym('u')]));
  assert.notDeepEqual(program.bytes(new Uint8Array(4)), program.bytes(new Uint8Array(4)));
});

test('a text that looks like a symbol is not taken for one', () => {
  const program = new Program();
  assert.notDeepEqual(program.text('$uuid'), program.text([sym('uuid')]));
});

test('a scratch buffer of a size is shared', () => {
  const program = new Program();
  assert.deepEqual(program.scratch(64), program.scratch(64));
  assert.notDeepEqual(program.scratch(64), program.scratch(65));
});

test('an offset moves within the same item', () => {
  const program = new Program();
  const buffer = program.buffer(16);
  assert.deepEqual(offset(offset(buffer, 4), 8), { kind: 'data', item: buffer.item, offset: 12 });
});
