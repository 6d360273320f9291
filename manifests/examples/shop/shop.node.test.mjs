// node --test shop.node.test.mjs

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { ask, query, shop } from './shop.mjs';

let e;
beforeEach(async () => {
  e = await shop.clone();
});
// With POD_TEST_KEEP=onfail a test that has failed leaves its pods up.
afterEach(async (t) => {
  if (t.passed === false) e.markFailed();
  await e.dispose();
});

test('items can be bought', async () => {
  await query(e, 'delete from items where id <= 10');
  assert.deepEqual(await query(e, 'select count(*) from items'), ['990']);
});

test('the test before has bought nothing here', async () => {
  assert.deepEqual(await query(e, 'select count(*) from items'), ['1000']);
});

test('a reset brings everything back in the middle of a test', async () => {
  await query(e, 'drop table items');
  assert.equal(await ask(e, 'SET greeting hello'), '+OK');
  await e.reset();
  assert.deepEqual(await query(e, 'select count(*) from items'), ['1000']);
  assert.equal(await ask(e, 'EXISTS greeting'), ':0');
});
