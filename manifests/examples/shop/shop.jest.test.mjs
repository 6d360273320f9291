// node --experimental-vm-modules node_modules/jest/bin/jest.js --rootDir manifests/examples/shop

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ask, query, shop } from './shop.mjs';

let e;
beforeEach(async () => {
  e = await shop.clone();
}, 60_000);
afterEach(async () => {
  await e.dispose();
});

test('items can be bought', async () => {
  await query(e, 'delete from items where id <= 10');
  expect(await query(e, 'select count(*) from items')).toEqual(['990']);
});

test('the test before has bought nothing here', async () => {
  expect(await query(e, 'select count(*) from items')).toEqual(['1000']);
  expect(await ask(e, 'DBSIZE')).toBe(':0');
});
