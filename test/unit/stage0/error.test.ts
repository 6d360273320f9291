import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PodError, PodErrors } from '../../../stages/stage0/error.ts';

test('several errors are one message, in the order of their places, with all that each says', () => {
  const at = (file: string, line: number): { file: string; line: number; col: number } => ({ file, line, col: 3 });
  const errors = new PodErrors([
    new PodError('manifest/schema', 'read b: no', { at: at('b.yaml', 2) }),
    new PodError('test/options', 'make it: no', { hint: 'do that' }),
    new PodError('manifest/schema', 'read a: no', { at: at('a.yaml', 9), hint: 'do this' }),
  ]);
  assert.equal(
    errors.message,
    'a.yaml:9:3: read a: no\n  hint: do this\nb.yaml:2:3: read b: no\nmake it: no\n  hint: do that',
  );
});
