import type { ImageProgress } from '../image/types.ts';
import type { Frozen } from '../pins/pins.ts';
import type { Change } from './changes.ts';
import type { Inventory } from './inventory.ts';
import type { SetEvent } from './set-events.ts';

/** Options of all operations that change a set. */
export interface ChangeOptions {
  /** Absolute path. */
  readonly root: string;
  readonly set: string;
  /** See `pins/`. */
  readonly frozen?: Frozen | undefined;
  /** Waits until all pods are healthy. */
  readonly wait?: boolean | undefined;
  /** For the whole operation; default five minutes. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: SetEvent) => void) | undefined;
  readonly onWarning?: ((warning: Error) => void) | undefined;
  readonly onProgress?: ((progress: ImageProgress) => void) | undefined;
}

export interface ReconcileResult {
  readonly set: string;
  /** The planned changes. */
  readonly changes: readonly Change[];
  /** Pods that are not in the desired state, each with the reason. */
  readonly failures: ReadonlyMap<string, string>;
  readonly outcome: 'unchanged' | 'applied' | 'failed' | 'rolled-back' | 'rollback-failed';
  /** The set is held at an older revision. */
  readonly isPinned: boolean;
  readonly inventory: Inventory;
}
