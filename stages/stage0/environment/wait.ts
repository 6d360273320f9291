import { PodError, PodErrors } from '../error.ts';
import { type Deadline, TimeIsUp } from '../library/deadline.ts';
import { isCondition, isUntil } from './check-options.ts';
import type { Condition, Until } from './condition.ts';
import { describePods, type FailedWait } from './report.ts';
import type { TestPod } from './test-pod.ts';

interface WaitInput {
  readonly pods: Readonly<Record<string, TestPod>>;
  readonly until: Until;
  readonly deadline: Deadline;
  /** Whether the pods stay up for inspection after a failure. */
  readonly stayUp: boolean;
}

/**
 * Waits for all conditions under one deadline. Throws with a description of the pods, or with the signal's reason when it was
 * aborted.
 */
export async function waitUntil({ pods, until, deadline, stayUp }: WaitInput): Promise<void> {
  const waits = waitsOf(pods, until);
  const enough = new AbortController();
  const inner = AbortSignal.any([deadline.signal, enough.signal]);
  try {
    await Promise.all(waits.map((wait) => waitForOne(wait, inner)));
  } catch (error) {
    deadline.throwIfGivenUp();
    throw failure(error, waits, stayUp);
  } finally {
    enough.abort();
  }
}

interface Wait extends FailedWait {
  readonly pod: TestPod;
  readonly condition: Condition;
  last?: string;
  isDone?: boolean;
}

function waitsOf(pods: Readonly<Record<string, TestPod>>, until: Until): Wait[] {
  const wrong = isUntil(until);
  if (wrong !== undefined) throw new PodError('test/options', `wait for the environment: what to wait for ${wrong}`);
  if (isOne(until)) return Object.values(pods).map((pod) => ({ pod, condition: until }));
  const unknown = Object.keys(until).filter((name) => !pods[name]);
  if (unknown.length === 0) return Object.entries(until).map(([name, condition]) => ({ pod: pods[name]!, condition }));
  const hint = `its pods are ${Object.keys(pods).join(', ')}`;
  throw new PodErrors(
    unknown.map(
      (name) => new PodError('test/options', `wait for pod "${name}": it is not in the environment`, { hint }),
    ),
  );
}

function isOne(until: Until): until is Condition {
  return isCondition(until);
}

async function waitForOne(wait: Wait, signal: AbortSignal): Promise<void> {
  await wait.condition.watch(wait.pod, { signal, note: (result) => void (wait.last = result) });
  wait.isDone = true;
}

function failure(error: unknown, waits: readonly Wait[], stayUp: boolean): PodError {
  const open = waits.filter(({ isDone }) => !isDone);
  const what = open.map(({ pod, condition }) => `pod "${pod.name}" to ${condition.text}`).join(', ');
  const reason = error instanceof Error ? error.message : String(error);
  const code = error instanceof TimeIsUp ? 'pod/timeout' : error instanceof PodError ? error.code : 'pod/died';
  const message = `wait for ${what}: ${reason.replace(/^wait for pod [0-9a-f-]+ to be ready: /, '')}`;
  // The message is all that a test runner shows.
  const more = stayUp ? '' : '\n  to look further: with POD_TEST_KEEP=onfail the environment is left up';
  return new PodError(code, `${message}\n${describePods(open, { stayUp })}${more}`, { cause: error });
}
