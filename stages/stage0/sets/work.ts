import { setMaxListeners } from 'node:events';
import type { ReadyPod } from '../cli/launch-api.ts';
import { PodStore } from '../pod/store.ts';
import { OpenInventory } from './inventory.ts';
import type { Emit, SetEvent } from './set-events.ts';
import { Turn } from './turn.ts';

/** The shared data of everything that changes pods of the set. The set's lock is held. */
export interface Work {
  readonly set: string;
  readonly store: PodStore;
  readonly inventory: OpenInventory;
  /** Compiled pods by name. */
  readonly ready: Map<string, ReadyPod>;
  /** Launches and removals take locks of the state directory, so they run one at a time. */
  readonly turn: Turn;
  /** Milliseconds since the epoch. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal | undefined;
  readonly emit: Emit;
}

export interface WorkOptions {
  readonly root: string;
  readonly set: string;
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: SetEvent) => void) | undefined;
}

const DEFAULT_TIMEOUT_MS = 300_000;

export function newWork({ root, set, timeoutMs, signal, onEvent }: WorkOptions): Work {
  // Each wait for a pod adds a listener, and Node would warn of a leak at the eleventh.
  if (signal) setMaxListeners(0, signal);
  return {
    set,
    store: new PodStore(root),
    inventory: new OpenInventory(root, set),
    ready: new Map(),
    turn: new Turn(),
    deadlineMs: Date.now() + (timeoutMs ?? DEFAULT_TIMEOUT_MS),
    signal,
    emit: (event) => onEvent?.(event),
  };
}
