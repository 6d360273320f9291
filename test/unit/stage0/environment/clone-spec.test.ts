import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newCloneSpec } from '../../../../stages/stage0/environment/clone-spec.ts';
import { parseManifest } from '../../../../stages/stage0/manifest/parse.ts';

const MANIFEST = `
apiVersion: pod/v1
kind: Pod
metadata: {name: db}
isolators:
  resource/ephemeral-storage: {limit: 64Mi}
  resource/memory: {limit: 64Mi}
apps:
  - name: a
    image: host
    exec: [/bin/true]
    isolators:
      resource/disk-space: {limit: 16Mi}
      resource/pids: {limit: 10}
`;

test('a clone is without the limits of what is on disk, and keeps all others', () => {
  const { spec } = parseManifest(MANIFEST, 'db.pod.yaml', { baseDir: '/' });
  const about = { environment: 'e', podName: 'e-1-db', isHermetic: true, isHeld: false, labels: {} };
  const clone = newCloneSpec(spec!, about);
  const names = (isolators: typeof clone.isolators): string[] => isolators.map(({ name }) => name);
  assert.deepEqual(names(clone.isolators), ['resource/memory']);
  assert.deepEqual(names(clone.apps[0]!.isolators), ['resource/pids']);
});
