import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PATTERN_MEANINGS } from '../../../../stages/stage0/manifest/quantity.ts';
import { podSchemas, type SchemaNode } from '../../../../stages/stage0/manifest/validator.ts';
import { HEAD, parse } from './parse-case.ts';

/** Every place of the schema with a pattern that no words stand for. */
function wordless(node: unknown, path = ''): string[] {
  if (node === null || typeof node !== 'object') return [];
  const { pattern, 'x-expects': expects } = node as SchemaNode;
  const isBare = typeof pattern === 'string' && expects === undefined && !PATTERN_MEANINGS.has(pattern);
  const below = Object.entries(node).flatMap(([key, value]) => wordless(value, `${path}/${key}`));
  return isBare ? [path, ...below] : below;
}

test('no regular expression is shown to people: every pattern has words', () => {
  assert.deepEqual(
    podSchemas().flatMap((schema) => wordless(schema)),
    [],
  );
});

function problems(isolators: string): string[] {
  const manifest = `${HEAD}apps:\n  - {name: a, image: host}\nisolators: ${isolators}\n`;
  return parse(manifest).errors.map(({ message }) => message);
}

test('of a choice, all that is wrong in the branch that was meant', () => {
  const found = problems('{os/linux/namespaces: {time: {boottime: 5, monotonic: x, wall: 1s}}}');
  assert.equal(found.length, 3);
  assert.ok(found.some((problem) => problem.includes('unknown field "wall"')));
  for (const name of ['monotonic', 'boottime'])
    assert.ok(
      found.some((problem) => problem.includes(`.time.${name}: `) && problem.includes('is not a duration')),
      name,
    );
});

test('of a choice, one error when no branch fits at all', () => {
  assert.deepEqual(problems('{os/linux/namespaces: {time: yes}}').length, 1);
  assert.deepEqual(problems('{os/linux/namespaces: {time: 5}}').length, 1);
});
