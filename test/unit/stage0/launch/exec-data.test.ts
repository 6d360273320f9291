import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ExecData, packExecData, unpackExecData } from '../../../../stages/stage0/launch/exec-data.ts';

function kept(env: Readonly<Record<string, string>>): Readonly<Record<string, unknown>> {
  const data = { process: { env, mask: 1n << 40n, bytes: Uint8Array.of(1, 2, 255) } } as unknown as ExecData;
  const record = JSON.parse(JSON.stringify(packExecData(data))) as unknown;
  return (unpackExecData(record) as unknown as { process: Readonly<Record<string, unknown>> }).process;
}

test('numbers of 64 bits and bytes come back from the record as they were', () => {
  const { mask, bytes } = kept({});
  assert.deepEqual([mask, bytes], [1n << 40n, Uint8Array.of(1, 2, 255)]);
});

test('a variable whose name looks like a mark of ours is a variable', () => {
  const env = { $bigint: 'x', $base64: 'y', $$bigint: 'z', $HOME: '/', PATH: '/bin' };
  assert.deepEqual(kept(env)['env'], env);
});
