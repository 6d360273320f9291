import { PodError } from '../error.ts';
import { readReadiness } from '../pod/readiness.ts';
import { watchPod } from '../pod/wait.ts';
import type { Condition, Progress, WaitedPod } from './condition.ts';

/** Rejects as soon as an app has failed for good, instead of at the time limit. */
export function whileAlive(watch: Condition['watch']): Condition['watch'] {
  return async (pod, { signal, note }: Progress) => {
    const decided = new AbortController();
    const inner = AbortSignal.any([signal, decided.signal]);
    try {
      await Promise.race([watch(pod, { signal: inner, note }), deathOf(pod, inner)]);
    } finally {
      decided.abort();
    }
  };
}

/** Never resolves; rejects when the pod can no longer be ready. */
async function deathOf(pod: WaitedPod, signal: AbortSignal): Promise<never> {
  let never: string | undefined;
  const isLost = (): boolean => (never = readReadiness(pod.store, pod.uuid).never) !== undefined;
  await watchPod(pod.store, pod.uuid, isLost, { signal });
  throw new PodError('pod/died', never ?? 'it has ended');
}
