import { PodError, PodErrors } from '../error.ts';
import type { Condition, Until } from './condition.ts';
import { describePods, type FailedWait } from './report.ts';
import type { TestPod } from './test-pod.ts';

interface WaitInput {
  readonly pods: Readonly<Record<string, TestPod>>;
  readonly until: Until;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** One deadline for all of it. Throws with what is known of the pods; with the signal's reason when that was aborted. */
export async function waitUntil({ pods, until, timeoutMs, signal }: WaitInput): Promise<void> {
  const waits = waitsOf(pods, until);
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(new TimeLimit(timeoutMs)), timeoutMs);
  const enough = new AbortController();
  const inner = AbortSignal.any([deadline.signal, enough.signal, ...(signal ? [signal] : [])]);
  try {
    await Promise.all(waits.map((wait) => waitForOne(wait, inner)));
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw failure(error, waits);
  } finally {
    clearTimeout(timer);
    enough.abort();
  }
}

class TimeLimit extends Error {
  constructor(timeoutMs: number) {
    super(`${timeoutMs} ms have passed`);
  }
}

interface Wait extends FailedWait {
  readonly condition: Condition;
  last?: string;
  isDone?: boolean;
}

function waitsOf(pods: Readonly<Record<string, TestPod>>, until: Until): Wait[] {
  if (isCondition(until)) return Object.values(pods).map((pod) => ({ pod, condition: until }));
  const unknown = Object.keys(until).filter((name) => !pods[name]);
  if (unknown.length === 0) return Object.entries(until).map(([name, condition]) => ({ pod: pods[name]!, condition }));
  const hint = `its pods are ${Object.keys(pods).join(', ')}`;
  throw new PodErrors(
    unknown.map(
      (name) => new PodError('test/options', `wait for pod "${name}": it is not in the environment`, { hint }),
    ),
  );
}

function isCondition(until: Until): until is Condition {
  return typeof until.watch === 'function';
}

async function waitForOne(wait: Wait, signal: AbortSignal): Promise<void> {
  await wait.condition.watch(wait.pod, { signal, note: (result) => void (wait.last = result) });
  wait.isDone = true;
}

function failure(error: unknown, waits: readonly Wait[]): PodError {
  const open = waits.filter(({ isDone }) => !isDone);
  const what = open.map(({ pod, condition }) => `pod "${pod.name}" to ${condition.text}`).join(', ');
  const reason = error instanceof Error ? error.message : String(error);
  const code = error instanceof TimeLimit ? 'pod/timeout' : error instanceof PodError ? error.code : 'pod/died';
  const message = `wait for ${what}: ${reason.replace(/^wait for pod [0-9a-f-]+ to be ready: /, '')}`;
  return new PodError(code, `${message}\n${describePods(open)}`, { cause: error });
}
