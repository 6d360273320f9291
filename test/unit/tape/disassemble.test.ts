import assert from 'node:assert/strict';
import { test } from 'node:test';
import { disassemble } from '../../../stages/tape/disassemble.ts';
import { assertGolden } from '../../harness/golden.ts';
import { BINDINGS, newExample } from './example.ts';

function listing(bindings: Parameters<typeof disassemble>[1]): string {
  const lines = disassemble(newExample(), bindings).map(({ purpose, app, call, why, at }) =>
    [
      purpose + (app === undefined ? '' : `/${app}`),
      call,
      ...(why === undefined ? [] : [`# ${why}`]),
      ...(at === undefined ? [] : [`@ ${at}`]),
    ].join('  '),
  );
  return `${lines.join('\n')}\n`;
}

test('the example in words, unbound', () => {
  assertGolden('test/unit/tape/golden/example.unbound.txt', listing({}));
});

test('the example in words, bound', () => {
  assertGolden('test/unit/tape/golden/example.bound.txt', listing(BINDINGS));
});

test('every op keeps the manifest line that asked for it', () => {
  const [first] = disassemble(newExample());
  assert.equal(first?.at, 'web.yaml:14:9');
  assert.equal(first?.why, 'make the root');
});
