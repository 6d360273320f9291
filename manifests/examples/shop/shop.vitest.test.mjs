// vitest run --root manifests/examples/shop

import { expect, test as base } from 'vitest';
import { ask, query, shop } from './shop.mjs';

/** An environment for each test that names it. With POD_TEST_KEEP=onfail one whose test has failed is left up. */
const test = base.extend({
  e: async ({ task }, use) => {
    const e = await shop.clone();
    await use(e);
    if (task.result?.state === 'fail') e.markFailed();
    await e.dispose();
  },
});

test.concurrent('items can be bought', async ({ e }) => {
  await query(e, 'delete from items where id <= 10');
  expect(await query(e, 'select count(*) from items')).toEqual(['990']);
});

test.concurrent('another test at the same time sees nothing of it', async ({ e }) => {
  expect(await query(e, 'select count(*) from items')).toEqual(['1000']);
});

test.concurrent('the cache is empty, whoever else has written to theirs', async ({ e }) => {
  expect(await ask(e, 'DBSIZE')).toBe(':0');
  expect(await ask(e, 'SET greeting hello')).toBe('+OK');
});
