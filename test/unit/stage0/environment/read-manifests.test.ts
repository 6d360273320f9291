import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PodErrors } from '../../../../stages/stage0/error.ts';
import { readMembers } from '../../../../stages/stage0/environment/read-manifests.ts';

type Json = Readonly<Record<string, unknown>>;

function podWith(name: string, more: Json): object {
  const isolators = { 'resource/cpu': { request: 2, limit: 1 } };
  const apps = [{ name: 'a', image: 'host', exec: ['/bin/true'], isolators }];
  return { apiVersion: 'pod/v1', kind: 'Pod', metadata: { name }, apps, ...more };
}

test('isolators are judged with the rest of a manifest, and with other manifests', () => {
  const manifests = [podWith('one', { network: { mode: 'brige' } }), podWith('two', {})];
  assert.throws(
    () => readMembers({ manifests }, '/'),
    (error) => {
      assert.ok(error instanceof PodErrors);
      const found = error.errors.map(({ at, message }) => `${at?.file} ${message.split(':')[0]}`);
      assert.deepEqual(found, [
        '<manifests[0]> request "2" of cpu',
        '<manifests[0]> network.mode',
        '<manifests[1]> request "2" of cpu',
      ]);
      return true;
    },
  );
});
