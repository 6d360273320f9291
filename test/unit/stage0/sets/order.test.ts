import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PodErrors } from '../../../../stages/stage0/error.ts';
import { inOrder, type Ordered } from '../../../../stages/stage0/sets/order.ts';

function pod(name: string, ...dependsOn: string[]): Ordered {
  return {
    name,
    rollout: {
      dependsOn: dependsOn.map((one, index) => ({ pod: one, at: { file: `${name}.yaml`, line: 3, col: index + 1 } })),
    },
  };
}

function names(...pods: Ordered[]): string {
  return inOrder(pods)
    .map(({ name }) => name)
    .join(' ');
}

function failures(...pods: Ordered[]): string[] {
  try {
    inOrder(pods);
  } catch (error) {
    assert.ok(error instanceof PodErrors);
    return error.errors.map(({ code, message, at }) => `${code} ${at?.file}:${at?.line}:${at?.col} ${message}`);
  }
  return [];
}

test('each pod comes after those it depends on, otherwise as given', () => {
  assert.equal(names(pod('c', 'a'), pod('b'), pod('a')), 'a c b');
  assert.equal(names(pod('a', 'b', 'c'), pod('b', 'd'), pod('c', 'd'), pod('d')), 'd b c a');
});

test('a chain longer than the stack is no trouble', () => {
  const chain = Array.from({ length: 50_000 }, (_, index) =>
    pod(`p${index}`, ...(index < 49_999 ? [`p${index + 1}`] : [])),
  );
  assert.equal(inOrder(chain)[0]?.name, 'p49999');
});

test('a circle is an error at the line that closes it, with the path', () => {
  assert.deepEqual(failures(pod('x'), pod('a', 'x', 'b'), pod('b', 'c'), pod('c', 'a')), [
    'manifest/cycle c.yaml:3:1 order the pods: "a" → "b" → "c" → "a" is a cycle',
  ]);
  assert.deepEqual(failures(pod('a', 'a')), ['manifest/cycle a.yaml:3:1 order pod "a" → "a": it depends on itself']);
});

test('several circles and names that nobody has are told at once', () => {
  const found = failures(pod('a', 'b'), pod('b', 'a'), pod('c', 'd'), pod('d', 'c'), pod('e', 'nobody'));
  assert.deepEqual(
    found.map((text) => text.split(' ').slice(0, 2).join(' ')),
    ['manifest/cycle b.yaml:3:1', 'manifest/cycle d.yaml:3:1', 'manifest/reference e.yaml:3:1'],
  );
});
