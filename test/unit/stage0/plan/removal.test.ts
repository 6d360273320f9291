import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseManifest } from '../../../../stages/stage0/manifest/parse.ts';
import { clearsItself } from '../../../../stages/stage0/plan/removal.ts';
import { newHost, V1 } from '../isolators/host.ts';

function clears(more: object, removesItself: boolean, host = newHost(V1), hasStores = false): boolean {
  const manifest = {
    apiVersion: 'pod/v1',
    kind: 'Pod',
    metadata: { name: 'web' },
    apps: [{ name: 'a', image: 'host', exec: ['/bin/true'] }],
    ...more,
  };
  const { spec, errors } = parseManifest(JSON.stringify(manifest), 'web.yaml', { baseDir: '/' });
  assert.ok(spec, String(errors[0]?.message));
  const input = { spec, facts: host, removesItself } as unknown as Parameters<typeof clearsItself>[0];
  return clearsItself(input, hasStores);
}

test('a monitor removes what it can know of: no volume on the disk, no disk of its own, and only when asked', () => {
  const volume = (more: object): object => ({ volumes: [{ name: 'data', kind: 'empty', ...more }] });
  assert.equal(clears({}, true), true);
  assert.equal(clears({}, false), false);
  assert.equal(clears(volume({}), true), false);
  assert.equal(clears(volume({ medium: 'memory' }), true), true);
  assert.equal(clears({}, true, newHost(V1), true), false);
});
