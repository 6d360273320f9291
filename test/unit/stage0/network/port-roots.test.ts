import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { PORT_KIND } from '../../../../stages/stage0/network/port-claims.ts';
import { forgetPortRoot, withPortRoots } from '../../../../stages/stage0/network/port-roots.ts';
import { memoryClaims } from './memory-claims.ts';

const scratch = mkdtempSync(join(tmpdir(), 'pod-port-roots-'));

after(() => rmSync(scratch, { recursive: true }));

function newRoots(name: string): { a: string; b: string; run: string } {
  const [a, b, run] = ['a', 'b', 'run'].map((kind) => join(scratch, `${name}-${kind}`)) as [string, string, string];
  for (const root of [a, b]) mkdirSync(root);
  return { a, b, run };
}

/** The directories of network namespaces. */
function noted(run: string): string[] {
  return readdirSync(run).filter((name) => name.startsWith('ports-'));
}

test('a root sees the others that have claims, and only those', () => {
  const { a, b, run } = newRoots('seen');
  const claims = memoryClaims();
  const claimIn = (root: string): readonly string[] =>
    withPortRoots(
      claims,
      root,
      (others) => {
        claims.claim(root, PORT_KIND, 'tcp-any-80', 'pod');
        return others;
      },
      run,
    );
  assert.deepEqual(claimIn(a), []);
  assert.deepEqual(claimIn(b), [a]);
  assert.deepEqual(claimIn(a), [b]);
  claims.release(b, PORT_KIND, 'tcp-any-80', 'pod');
  assert.deepEqual(claimIn(a), []);
});

test('nothing stays of roots without claims, of failed ones neither', () => {
  const { a, b, run } = newRoots('left');
  const claims = memoryClaims();
  const fail = (): never => {
    throw new Error('taken');
  };
  assert.throws(() => withPortRoots(claims, a, fail, run), /taken/);
  assert.deepEqual(noted(run), []);
  withPortRoots(claims, b, () => claims.claim(b, PORT_KIND, 'tcp-any-80', 'pod'), run);
  forgetPortRoot(claims, run);
  assert.equal(noted(run).length, 1);
  claims.release(b, PORT_KIND, 'tcp-any-80', 'pod');
  forgetPortRoot(claims, run);
  assert.deepEqual(noted(run), []);
});

test('a root that was deleted is forgotten', () => {
  const { a, b, run } = newRoots('deleted');
  const onDisk = { hasClaims: (root: string) => existsSync(join(root, 'claim')) };
  withPortRoots(onDisk, a, () => mkdirSync(join(a, 'claim')), run);
  rmSync(a, { recursive: true });
  assert.deepEqual(
    withPortRoots(onDisk, b, (others) => others, run),
    [],
  );
  assert.deepEqual(noted(run), []);
});
