import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readKnownIds } from '../../../../stages/stage0/plan/subordinate-ids.ts';

const dir = mkdtempSync(join(tmpdir(), 'pod-ids-'));
after(() => rmSync(dir, { recursive: true }));

function known(texts: { passwd?: string; group?: string; subuid?: string; subgid?: string }): unknown {
  const files = {
    passwd: join(dir, 'passwd'),
    group: join(dir, 'group'),
    subuid: join(dir, 'u'),
    subgid: join(dir, 'g'),
  };
  for (const [name, path] of Object.entries(files)) {
    rmSync(path, { force: true });
    const text = texts[name as keyof typeof texts];
    if (text !== undefined) writeFileSync(path, text);
  }
  return readKnownIds(files);
}

test('users and groups whose ids are where ranges are keep them', () => {
  const passwd =
    'root:x:0:0::/root:/bin/sh\nlow:x:524287:9::/:\nfirst:x:524288:9::/:\nbig:x:4000000000:9::/:\nodd:x:60000x:9\n:::\n';
  const group = 'staff:x:50:\nfar:x:1879048192:first\nshort:x:999999';
  const ids = [524_288, 4_000_000_000, 1_879_048_192, 999_999];
  assert.deepEqual(known({ passwd, group }), { own: [], others: ids.map((first) => ({ first, count: 1 })) });
});

test('ranges of the user pod that both files have are for pods, and all others are kept away from', () => {
  const subuid = 'ann:100000:65536\npod:200000:1000\n';
  const subgid = '# none\nann:100000:65536\npod:200100:1000\n';
  assert.deepEqual(known({ subuid, subgid }), {
    own: [{ first: 200_100, count: 900 }],
    others: [1, 2].map(() => ({ owner: 'ann', first: 100_000, count: 65_536 })),
  });
});

test('a host without the files has none', () => {
  assert.deepEqual(known({}), { own: [], others: [] });
});
