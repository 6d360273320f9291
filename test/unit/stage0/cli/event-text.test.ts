import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventText } from '../../../../stages/stage0/cli/event-text.ts';
import type { PodEvent } from '../../../../stages/stage0/pod/events.ts';

const probe = { t: 0, e: 'probe', app: 'web', probe: 'ready', passed: 0, ready: 0 } as const;

test('what a probe came to is said in words', () => {
  const cases: readonly [Partial<PodEvent>, string][] = [
    [{ outcome: 'errno', number: 111 }, 'probe web probe=ready passed=0 ready=0 outcome="connection refused"'],
    [{ outcome: 'status', number: 503 }, 'probe web probe=ready passed=0 ready=0 outcome="status 503"'],
    [{ outcome: 'exit', number: 1, text: 'no\n' }, 'probe web probe=ready passed=0 ready=0 outcome="exit code 1: no"'],
    [{ outcome: 'ok', number: 0, passed: 1 }, 'probe web probe=ready passed=1 ready=0'],
  ];
  for (const [members, text] of cases) assert.equal(eventText({ ...probe, ...members } as PodEvent), text);
});

test('an errno is said in words, and what is nothing is left out', () => {
  const failed = { t: 0, e: 'app-failed', app: 'web', tape: 1, op: 2, errno: 2, code: 127 } as const;
  assert.equal(eventText(failed), 'app-failed web tape=1 op=2 errno="no such file or directory" code=127');
  const exited = { t: 0, e: 'app-exited', app: 'web', code: 3, signal: 0, oom: 0 } as const;
  assert.equal(eventText(exited), 'app-exited web code=3');
});
