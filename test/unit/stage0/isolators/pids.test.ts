import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lowerIsolators } from '../../../../stages/stage0/isolators/lower.ts';
import { newHost, spec, V1, V2 } from './host.ts';

const LIMIT = 'resource/pids';

/** What is written for an app, or why it is refused. */
function lowered(hierarchies: typeof V1, app: unknown, pod?: unknown): string[] {
  const host = newHost(hierarchies);
  const ofPod = lowerIsolators(pod === undefined ? [] : [spec(LIMIT, pod)], 'pod', host);
  const { draft, errors } = lowerIsolators([spec(LIMIT, app)], 'app', host, { pod: ofPod.draft });
  if (errors.length > 0) return errors.map(({ code, at }) => `${code} ${at?.file}`);
  return draft.cgroup.map(({ file, value }) => `${file}=${value}`);
}

test('a limit of processes above the limit of the pod, which may be the default, is refused', () => {
  for (const hierarchies of [V1, V2]) {
    const refused = ['manifest/schema pod.yaml/limit'];
    assert.deepEqual(lowered(hierarchies, { limit: 60 }, { limit: 50 }), refused);
    assert.deepEqual(lowered(hierarchies, { limit: '5000' }), refused);
    assert.deepEqual(lowered(hierarchies, { limit: 5000 }, { limit: 6000 }), ['pids.max=5000']);
    assert.deepEqual(lowered(hierarchies, { limit: 5000 }, { limit: 'max' }), ['pids.max=5000']);
    assert.deepEqual(lowered(hierarchies, { limit: 'max' }, { limit: 50 }), ['pids.max=max']);
  }
});
