import { runInside } from '../../launch/inside.ts';
import type { InsideTask } from '../../launch/inside-tasks.ts';
import type { CallerFacts } from '../../plan/facts.ts';

/** Has a helper with all of the caller's ids do it. What the signal's reason is counts more than what the helper says of it. */
export async function runTask(task: InsideTask, caller: CallerFacts, signal: AbortSignal): Promise<void> {
  try {
    await runInside(task, caller, undefined, signal);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}
