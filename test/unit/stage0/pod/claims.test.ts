import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import {
  claim,
  claimFirstFree,
  claimOwner,
  hasClaims,
  listClaims,
  release,
  releaseAll,
} from '../../../../stages/stage0/pod/claims.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pod-claims-'));
});

afterEach(() => {
  rmSync(root, { recursive: true });
});

test('a key belongs to the first who claims it, and is free again when he releases it', () => {
  assert.equal(claim(root, 'ip4', '10.0.0.2', 'a'), true);
  assert.equal(claim(root, 'ip4', '10.0.0.2', 'b'), false);
  assert.equal(claim(root, 'port', '10.0.0.2', 'b'), true);
  assert.equal(release(root, 'ip4', '10.0.0.2', 'b'), false);
  assert.equal(release(root, 'ip4', '10.0.0.2', 'a'), true);
  assert.equal(claim(root, 'ip4', '10.0.0.2', 'b'), true);
});

test('a claim is a private file that holds the uuid', () => {
  claim(root, 'ip4', 'x', 'a');
  assert.equal(readFileSync(join(root, 'claims/ip4/x'), 'utf8'), 'a');
  assert.equal(statSync(join(root, 'claims/ip4/x')).mode & 0o777, 0o600);
  assert.equal(statSync(join(root, 'claims')).mode & 0o777, 0o700);
});

test('a claim of a pod that runs is never without its uuid, not even for a moment: it is a link', () => {
  for (const state of ['prepare', 'run']) {
    mkdirSync(join(root, 'claims/name'), { recursive: true });
    mkdirSync(join(root, 'pods', state, `of-${state}`), { recursive: true });
    writeFileSync(join(root, 'pods', state, `of-${state}`, 'uuid'), `of-${state}`);
    assert.equal(claim(root, 'name', state, `of-${state}`), true);
    assert.equal(statSync(join(root, 'claims/name', state)).nlink, 2);
    assert.equal(claim(root, 'name', state, 'other'), false);
  }
});

test('the first free candidate is taken; none when all are', () => {
  claim(root, 'ip4', '1', 'a');
  assert.equal(claimFirstFree(root, 'ip4', ['1', '2', '3'], 'b'), '2');
  assert.equal(claimFirstFree(root, 'ip4', ['1', '2'], 'c'), undefined);
});

test('claims are listed by kind or all', () => {
  assert.deepEqual(listClaims(root), []);
  assert.equal(hasClaims(root, 'ip4'), false);
  claim(root, 'ip4', '1', 'a');
  claim(root, 'name', 'web', 'a');
  assert.deepEqual(listClaims(root, 'ip4'), [{ kind: 'ip4', key: '1', uuid: 'a' }]);
  assert.equal(listClaims(root).length, 2);
  assert.equal(claimOwner(root, 'name', 'web'), 'a');
  assert.equal(hasClaims(root, 'ip4'), true);
});

test('all of a pod is given back at once, and nothing of another', () => {
  claim(root, 'ip4', '1', 'a');
  claim(root, 'port', '1', 'a');
  claim(root, 'ip4', '2', 'b');
  assert.equal(releaseAll(root, 'a'), 2);
  assert.deepEqual(listClaims(root), [{ kind: 'ip4', key: '2', uuid: 'b' }]);
});

test('a key that would name a file elsewhere is refused', () => {
  for (const key of ['', '.', '..', 'a/b', '../x', 'a\0b'])
    assert.throws(() => claim(root, 'name', key, 'a'), /cannot name a claim/, key);
});
