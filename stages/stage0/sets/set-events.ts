import type { Action } from './changes.ts';
import type { Health } from './health.ts';

/** Events during the change of a set, for programs: one line of JSON each. */
export type SetEvent =
  /** `pods`: the number of pods for each action. */
  | { readonly e: 'started'; readonly pods: Readonly<Partial<Record<Action, number>>> }
  | { readonly e: 'unchanged' }
  | ({ readonly pod: string } & PodSetEvent)
  | { readonly e: 'pinned'; readonly revision: number | null }
  | { readonly e: 'prune-skipped'; readonly reason: string }
  /** `revision`: null when there is no good revision. */
  | { readonly e: 'rolling-back'; readonly revision: number | null }
  | { readonly e: 'condition'; readonly type: string; readonly status: boolean; readonly reason: string }
  | { readonly e: 'finished'; readonly outcome: string; readonly revision: number | null };

export type PodSetEvent =
  | { readonly e: 'pod-starting'; readonly action: Action; readonly reason: string }
  | { readonly e: 'pod-started'; readonly action: Action; readonly uuid: string; readonly reason: string }
  | { readonly e: 'pod-stopping'; readonly uuid: string; readonly reason: string }
  | { readonly e: 'pod-stopped'; readonly uuid: string }
  | { readonly e: 'pod-pruned'; readonly uuid: string | null }
  | { readonly e: 'pod-kept'; readonly reason: string }
  | { readonly e: 'pod-healthy'; readonly how: Extract<Health, { state: 'healthy' }>['how'] }
  | { readonly e: 'pod-failed'; readonly message: string };

export type Emit = (event: SetEvent) => void;
