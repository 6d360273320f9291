import { type FSWatcher, watch } from 'node:fs';
import { PodError } from '../error.ts';
import { readFinal } from './events.ts';
import { isLocked } from './lock.ts';
import { readReadiness } from './readiness.ts';
import { type PodStatus, readStatus } from './status.ts';
import type { PodStore } from './store.ts';

export type PodCondition = 'ready' | 'exit' | 'deleted' | 'ready-or-exit';

export interface WaitOptions {
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The polling interval for a pod whose monitor was killed: releasing a lock raises no event. */
const DEATH_CHECK_MS = 1000;
/** The delay between the final record and the release of the lock, which raises no event either. */
const LAST_WORD_MS = 10;

const TO: Readonly<Record<PodCondition, string>> = {
  ready: 'to be ready',
  exit: 'to exit',
  deleted: 'to be deleted',
  'ready-or-exit': 'to be ready or to exit',
};

/**
 * Resolves with the pod's status when the condition holds; with undefined when the pod is gone. Throws `pod/timeout`, `pod/died`.
 */
export async function waitForPod(
  store: PodStore,
  uuid: string,
  condition: PodCondition,
  options: WaitOptions = {},
): Promise<PodStatus | undefined> {
  const answer = await watchPod(store, uuid, () => holds(store, uuid, condition), options);
  if (!answer) throw new PodError('pod/timeout', `wait for pod ${uuid} ${TO[condition]}: the time limit passed first`);
  return readStatus(store, uuid);
}

/** The cheap checks come first, because this runs at every event. */
function holds(store: PodStore, uuid: string, condition: PodCondition): boolean {
  const pod = store.locate(uuid);
  if (condition === 'deleted') return !pod || pod.state === 'garbage';
  if (condition === 'exit') return !pod || hasEnded(store, uuid);
  const { isReady, never } = readReadiness(store, uuid);
  if (condition === 'ready-or-exit') return isReady || never !== undefined;
  if (never !== undefined) throw new PodError('pod/died', `wait for pod ${uuid} to be ready: ${never}`);
  return isReady;
}

/** The pod was moved on by its monitor, or died without that. */
export function hasEnded(store: PodStore, uuid: string): boolean {
  const pod = store.locate(uuid);
  if (!pod || pod.state === 'exited' || pod.state === 'garbage') return true;
  return pod.state === 'run' && !isLocked(pod.path);
}

function isEnding(store: PodStore, uuid: string): boolean {
  const pod = store.locate(uuid);
  return pod?.state === 'run' && readFinal(pod.path) !== undefined;
}

/** Resolves with true when `test` returned true, with false when the time limit has passed. */
export function watchPod(store: PodStore, uuid: string, test: () => boolean, options: WaitOptions): Promise<boolean> {
  if (test()) return Promise.resolve(true);
  const { timeoutMs, signal } = options;
  if (signal?.aborted) return Promise.reject(signal.reason as Error);
  return new Promise((resolve, reject) => {
    const timers: NodeJS.Timeout[] = [];
    let lastWord: NodeJS.Timeout | undefined;
    const watcher = watchDir(store, uuid, look);
    const end = (settle: () => void): void => {
      watcher?.close();
      for (const timer of [...timers, lastWord]) clearInterval(timer);
      signal?.removeEventListener('abort', abort);
      settle();
    };
    const abort = (): void => end(() => reject(signal?.reason as Error));
    function look(): void {
      try {
        if (test()) end(() => resolve(true));
        else if (isEnding(store, uuid)) lastWord ??= setTimeout(lookAgain, LAST_WORD_MS);
      } catch (error) {
        end(() => reject(error as Error));
      }
    }
    function lookAgain(): void {
      lastWord = undefined;
      look();
    }
    timers.push(setInterval(look, DEATH_CHECK_MS));
    if (timeoutMs !== undefined) timers.push(setTimeout(() => end(() => resolve(false)), timeoutMs));
    signal?.addEventListener('abort', abort);
    // What happened before the watch existed raised no event.
    look();
  });
}

/** Watches the directory's inode, wherever it moves. Undefined when no watch is available; then only the timer is used. */
function watchDir(store: PodStore, uuid: string, look: () => void): FSWatcher | undefined {
  const path = store.locate(uuid)?.path;
  if (path === undefined) return undefined;
  try {
    const watcher = watch(path, look);
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOSPC' || code === 'EMFILE') return undefined;
    throw error;
  }
}
