import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePlan } from '../../../../stages/stage0/sets/saved-plan.ts';

const FILE = { file: 'a.pod.yaml', path: '/f/a.pod.yaml', baseDir: '/f', text: '' };
const PLAN = {
  version: 1,
  set: 'prod',
  root: '/r',
  origin: '/f',
  prune: false,
  allowEmpty: false,
  files: [FILE],
  expected: { state: 's', wanted: 'w' },
};
const parse = (change: object): unknown => parsePlan(JSON.stringify({ ...PLAN, ...change }), 'plan.json', '/r');

test('a plan is taken as it was saved', () => {
  assert.deepEqual(parse({}), PLAN);
});

test('a plan that somebody else wrote names no place outside the sets, and holds what a plan holds', () => {
  for (const set of ['../../out', '/etc', '', '.']) assert.throws(() => parse({ set }), { code: 'set/name' }, set);
  for (const change of [
    { set: 7 },
    { set: undefined },
    { files: [1] },
    { files: [{ ...FILE, baseDir: 2 }] },
    { files: {} },
    { expected: null },
    { prune: 'no' },
    { version: 2 },
  ])
    assert.throws(() => parse(change), { code: 'set/plan' }, JSON.stringify(change));
  assert.throws(() => parse({ root: '/other' }), { code: 'set/plan', message: /it was made for "\/other"/ });
});
