import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { PodError } from '../../../../stages/stage0/error.ts';
import { parseReference } from '../../../../stages/stage0/image/reference.ts';

test('relative paths resolve against the base directory', () => {
  assert.deepEqual(parseReference('host', '/m'), { kind: 'host' });
  assert.deepEqual(parseReference('dir:./x', '/m'), { kind: 'dir', path: '/m/x' });
  assert.deepEqual(parseReference('tar:/a/b.tar', '/m'), { kind: 'tar', path: '/a/b.tar' });
  assert.deepEqual(parseReference('aci:./b.aci:x', '/m'), { kind: 'aci', path: '/m/b.aci:x' });
  assert.deepEqual(parseReference('oci:images/web:v1', '/m'), { kind: 'oci', path: '/m/images/web', tag: 'v1' });
  assert.deepEqual(parseReference('docker-archive:x.tar:repo/web:v1', '/m'), {
    kind: 'docker-archive',
    path: '/m/x.tar',
    tag: 'repo/web:v1',
  });
});

test('a colon in a path that exists is no tag', () => {
  const base = mkdtempSync(join(tmpdir(), 'pod-reference-'));
  mkdirSync(join(base, 'web:v1'));
  assert.deepEqual(parseReference('oci:web:v1', base), { kind: 'oci', path: join(base, 'web:v1') });
  rmSync(base, { recursive: true });
});

test('what cannot be used is refused by kind', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['docker://alpine', 'image/reference'],
    ['docker:alpine', 'image/reference'],
    ['aci:', 'image/reference'],
    ['alpine', 'image/reference'],
    ['http://x', 'image/reference'],
    ['dir:', 'image/reference'],
    ['tar:a\0b', 'image/reference'],
    ['', 'image/reference'],
  ];
  for (const [ref, code] of cases)
    assert.throws(
      () => parseReference(ref, '/m'),
      (error) => error instanceof PodError && error.code === code,
      ref,
    );
});
