import assert from 'node:assert/strict';
import { test } from 'node:test';
import { draftLock, type LockDraft, type LockInput } from '../../../../stages/stage0/pins/draft-lock.ts';
import { parsePins, PLATFORM } from '../../../../stages/stage0/pins/pins.ts';

const A = `sha256:${'a'.repeat(64)}`;
const B = `sha256:${'b'.repeat(64)}`;
const C = `sha256:${'c'.repeat(64)}`;
const PATH = '/site/pod.lock';

/** References are at the line of their place in the list. */
function draft(
  digests: Readonly<Record<string, string>>,
  more: Partial<LockInput> & { refs?: string[] } = {},
): LockDraft {
  const { refs = Object.keys(digests), ...rest } = more;
  return draftLock({
    path: PATH,
    now: undefined,
    references: refs.map((ref, index) => ({ ref, at: { file: 'web.pod.yaml', line: index + 1, col: 1 } })),
    digests: new Map(Object.entries(digests)),
    isWhole: true,
    moves: false,
    ...rest,
  });
}

const locked = (digests: Readonly<Record<string, string>>, more: Parameters<typeof draft>[1] = {}): LockInput['now'] =>
  parsePins(draft(digests, more).text, PATH);

test('the text is the same whatever the order of the manifests is', () => {
  const one = draft({ 'oci:b': B, 'oci:a': A }, { refs: ['oci:b', 'host', 'oci:a', 'dir:x', 'host'] });
  const other = draft({ 'oci:a': A, 'oci:b': B }, { refs: ['dir:x', 'oci:a', 'oci:b', 'host'] });
  assert.equal(one.text, other.text);
  const images = { 'oci:a': { [PLATFORM]: A }, 'oci:b': { [PLATFORM]: B } };
  const expected = { version: 1, images, notPinned: ['dir:x', 'host'] };
  assert.equal(one.text, `${JSON.stringify(expected, null, 2)}\n`);
});

test('a lock that was just written has no differences', () => {
  const refs = ['oci:a', 'host'];
  const now = locked({ 'oci:a': A }, { refs });
  assert.deepEqual(draft({ 'oci:a': A }, { refs, now }).differences, []);
});

test('what has moved stays pinned and is refused at its line, unless it is to move', () => {
  const now = locked({ 'oci:a': A, 'oci:b': B });
  const digests = { 'oci:a': A, 'oci:b': C };
  const kept = draft(digests, { now });
  assert.deepEqual(
    kept.refused.map(({ code, at }) => [code, at?.line]),
    [['lock/stale', 2]],
  );
  const moved = draft(digests, { now, moves: true });
  assert.deepEqual([moved.refused, moved.moved], [[], ['oci:b']]);
  assert.deepEqual(parsePins(moved.text, PATH).images, locked(digests)!.images);
});

test('each difference is told at its place', () => {
  const now = locked({ 'oci:a': A, 'oci:gone': B }, { refs: ['oci:a', 'oci:gone', 'dir:gone'] });
  const { differences } = draft({ 'oci:a': B, 'oci:new': C }, { now, refs: ['oci:new', 'oci:a', 'host'] });
  assert.deepEqual(
    differences.map(({ message, at }) => [/"([^"]*)"/.exec(message)![1], at?.line]),
    [
      ['oci:a', 2],
      ['oci:new', 1],
      ['host', 3],
      ['oci:gone', undefined],
      ['dir:gone', undefined],
    ],
  );
});

test('a single manifest takes nothing away from its folder’s lock', () => {
  const now = locked({ 'oci:a': A, 'oci:other': B }, { refs: ['oci:a', 'oci:other', 'host'] });
  const { text, removed, differences } = draft({ 'oci:a': A }, { now, isWhole: false });
  assert.deepEqual([parsePins(text, PATH), removed, differences], [now, [], []]);
  assert.deepEqual(draft({ 'oci:a': A }, { now }).removed, ['oci:other']);
});

test('pins of other machines stay until the reference moves', () => {
  const images = { 'oci:a': { 'linux/other': B }, 'oci:b': { 'linux/other': B, [PLATFORM]: A } };
  const now = parsePins(JSON.stringify({ version: 1, images }), PATH);
  const digests = { 'oci:a': A, 'oci:b': C };
  const { text, added, moved } = draft(digests, { now, moves: true });
  assert.deepEqual([added, moved], [['oci:a'], ['oci:b']]);
  assert.deepEqual(parsePins(text, PATH).images, {
    'oci:a': { 'linux/other': B, [PLATFORM]: A },
    'oci:b': { [PLATFORM]: C },
  });
});
