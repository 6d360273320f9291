import assert from 'node:assert/strict';
import { probeBothWays } from '../harness/both-ways.ts';
import { useTempRoot } from '../harness/temp-root.ts';

const both = probeBothWays(useTempRoot(), { name: 'network' });

both('two links: loopback and one to the bridge, both up', ({ links, addresses }) => {
  assert.equal(links.length, 2);
  assert.ok(links.includes('lo'));
  assert.deepEqual(
    addresses.filter(({ up }) => !up),
    [],
  );
});

both('an address of each family, and a way out', ({ addresses, routes }) => {
  const own = addresses.filter(({ link }) => link !== 'lo').map(({ address }) => address);
  assert.ok(
    own.some((address) => address.includes('.')),
    own.join(),
  );
  assert.ok(
    own.some((address) => /^f[cd]/.test(address)),
    own.join(),
  );
  assert.equal(routes.filter(({ prefix }) => prefix === 0).length, 1);
});
