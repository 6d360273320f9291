import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readinessOf } from '../../../../stages/stage0/pod/readiness.ts';
import type { PodRecord } from '../../../../stages/stage0/pod/record.ts';
import type { PodStatus } from '../../../../stages/stage0/pod/status.ts';

const READY = { name: 'up', state: 'running', ready: true, exitCode: null, reason: null, finishedAt: null };
const ENDED = { ...READY, name: 'it', state: 'exited', ready: false, finishedAt: '2026-01-01T00:00:00.000Z' };

function readiness(app: object, restart: string): { isReady: boolean; never?: string; notYet?: string } {
  const status = { state: 'running', apps: [READY, app] } as unknown as PodStatus;
  return readinessOf(status, { apps: [{}, { restart }] } as unknown as PodRecord);
}

test('an app that is done is no obstacle, one that is to be started again is not done', () => {
  assert.ok(readiness({ ...ENDED, exitCode: 0 }, 'never').isReady);
  assert.ok(readiness({ ...ENDED, exitCode: 0 }, 'on-failure').isReady);
  assert.ok(readiness({ ...ENDED, exitCode: 0 }, 'always').notYet);
  assert.ok(readiness({ ...ENDED, exitCode: 1 }, 'on-failure').notYet);
});

test('an app nobody starts again makes it hopeless: one that failed, was given up, or was skipped', () => {
  assert.ok(readiness({ ...ENDED, exitCode: 1 }, 'never').never);
  assert.ok(readiness({ ...ENDED, exitCode: 1, reason: 'gave-up' }, 'on-failure').never);
  assert.ok(readiness({ ...ENDED, exitCode: 0, reason: 'gave-up' }, 'always').never);
  assert.ok(readiness({ ...ENDED, exitCode: null, finishedAt: null, reason: 'dependency-failed' }, 'always').never);
});
