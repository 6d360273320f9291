import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_DETACH_KEYS, DetachKeys, parseDetachKeys } from '../../../../stages/stage0/cli/detach-keys.ts';

/** What goes on to the app, with `|` where the keys were found. */
function typed(keys: string, ...chunks: string[]): string {
  const detach = new DetachKeys(parseDetachKeys(keys));
  let passed = '';
  for (const chunk of chunks) {
    const { bytes, isDetached } = detach.take(Buffer.from(chunk, 'latin1'));
    passed += Buffer.from(bytes).toString('latin1') + (isDetached ? '|' : '');
    if (isDetached) break;
  }
  return passed;
}

test('keys are written as docker and podman write them', () => {
  assert.deepEqual(parseDetachKeys(DEFAULT_DETACH_KEYS), [16, 17]);
  assert.deepEqual(parseDetachKeys('a,Z,ctrl-@,ctrl-[,ctrl-\\,ctrl-],ctrl-^,ctrl-_'), [97, 90, 0, 27, 28, 29, 30, 31]);
  assert.deepEqual(parseDetachKeys(''), []);
});

for (const wrong of ['ctrl-', 'ctrl-1', 'ab', 'ctrl-p,', ',', 'ctrl-P', 'ü']) {
  test(`"${wrong}" is refused`, () => {
    assert.throws(() => parseDetachKeys(wrong), { code: 'cli/usage' });
  });
}

test('they are found in one chunk, across chunks, and after other keys', () => {
  assert.equal(typed(DEFAULT_DETACH_KEYS, '\x10\x11'), '|');
  assert.equal(typed(DEFAULT_DETACH_KEYS, 'ab\x10', '\x11cd'), 'ab|');
  assert.equal(typed('x', 'abxc'), 'ab|');
});

test('what only begins like them goes on to the app, in its order', () => {
  assert.equal(typed(DEFAULT_DETACH_KEYS, '\x10', 'a'), '\x10a');
  assert.equal(typed(DEFAULT_DETACH_KEYS, '\x10\x10\x11'), '\x10|');
  assert.equal(typed('a,a,b', 'aaab'), 'a|');
  assert.equal(typed('a,b,a,c', 'ababac'), 'ab|');
  assert.equal(typed('a,b,a,c', 'abadabc'), 'abadabc');
});

test('without keys everything goes on', () => {
  assert.equal(typed('', '\x10\x11\0\xff'), '\x10\x11\0\xff');
});
