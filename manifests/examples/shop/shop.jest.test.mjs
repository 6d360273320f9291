// node --experimental-vm-modules node_modules/jest/bin/jest.js --rootDir manifests/examples/shop

import { expect, test } from '@jest/globals';
import { ask, query, shop } from './shop.mjs';

/** A test with an environment of its own. With POD_TEST_KEEP=onfail one whose test has failed is left up. */
function shopTest(name, body) {
  const run = async () => {
    const e = await shop.clone();
    try {
      await body(e);
    } catch (error) {
      e.markFailed();
      throw error;
    } finally {
      await e.dispose();
    }
  };
  test(name, run, 60_000);
}

shopTest('items can be bought', async (e) => {
  await query(e, 'delete from items where id <= 10');
  expect(await query(e, 'select count(*) from items')).toEqual(['990']);
});

shopTest('the test before has bought nothing here', async (e) => {
  expect(await query(e, 'select count(*) from items')).toEqual(['1000']);
  expect(await ask(e, 'DBSIZE')).toBe(':0');
});
