import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeLayers } from '../../../../stages/stage0/image/history.ts';

const [a, b] = ['a', 'b'].map((digit) => `sha256:${digit.repeat(64)}`);

function describe(config: object, manifest?: object): unknown {
  const bytes = (value: object): Buffer => Buffer.from(JSON.stringify(value));
  return describeLayers(
    { indexes: [], config: bytes(config), ...(manifest && { manifest: bytes(manifest) }) },
    'the image',
  );
}

test('steps that made no layer are left out of the history', () => {
  const history = [{ created_by: 'A', created: 'then' }, { created_by: 'B', empty_layer: true }, { created_by: 'C' }];
  assert.deepEqual(describe({ rootfs: { diff_ids: [a, b] }, history }, { layers: [{ digest: b }, { digest: a }] }), [
    { digest: b, diffId: a, createdBy: 'A', createdAt: 'then' },
    { digest: a, diffId: b, createdBy: 'C', createdAt: undefined },
  ]);
});

test('a history of more or fewer layers, or of things that are no text, says nothing', () => {
  const unknown = { digest: undefined, createdBy: undefined, createdAt: undefined };
  for (const history of [[{ created_by: 'A' }, { created_by: 'B' }], [], [{ created_by: 7, created: {} }]])
    assert.deepEqual(describe({ rootfs: { diff_ids: [a] }, history }), [{ ...unknown, diffId: a }]);
});
