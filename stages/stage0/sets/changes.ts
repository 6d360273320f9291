import type { InventoryPod } from './inventory.ts';
import type { Life } from './life.ts';
import type { DesiredPod } from './types.ts';

/** `keep`: no longer in the folder, or invalid there, and left alone. */
export type Action = 'create' | 'replace' | 'restart' | 'unchanged' | 'prune' | 'keep';

export interface Change {
  readonly action: Action;
  readonly name: string;
  /** A short text for people. */
  readonly reason: string;
  /** Absent for a pod that is pruned or kept. */
  readonly desired?: DesiredPod;
  readonly entry?: InventoryPod | undefined;
}

export interface ChangesInput {
  /** Each pod after its dependencies. */
  readonly desired: readonly DesiredPod[];
  readonly pods: Readonly<Record<string, InventoryPod>>;
  readonly lifeOf: (uuid: string) => Life;
  /** Pods whose limits were changed while they ran. */
  readonly drifted: ReadonlySet<string>;
  /** Whether the pod is removed when it is no longer in the folder. */
  readonly isPruned: (name: string) => boolean;
  /** Pods to replace even if they are unchanged. */
  readonly isForced?: ((name: string) => boolean) | undefined;
}

/** The changes that turn the set into what is desired: first the pods of the folder, in order, then the pods no longer in it. */
export function planChanges(input: ChangesInput): Change[] {
  const wanted = new Set(input.desired.map(({ name }) => name));
  const rest = Object.entries(input.pods).filter(([name]) => !wanted.has(name));
  const made = new Set<string>();
  const changes = input.desired.map((pod) => {
    const change = withJoined(changeFor(pod, input), input.pods, made);
    if (isStart(change)) made.add(pod.name);
    return change;
  });
  return [...changes, ...rest.map(([name, entry]) => leftover(name, entry, input))];
}

/** A network ends with its pod: a pod that shares it must be replaced too, or it would be left alone in the old network. */
function withJoined(change: Change, pods: ChangesInput['pods'], made: ReadonlySet<string>): Change {
  const joins = change.desired?.joins;
  if (joins === undefined || change.action !== 'unchanged' || change.reason !== RUNS) return change;
  const joined = change.entry?.current?.joined;
  const isGone = joined !== undefined && pods[joins]?.current?.uuid !== joined;
  return made.has(joins) || isGone ? { ...change, action: 'replace', reason: `pod "${joins}" is a new one` } : change;
}

const RUNS = 'runs';

function changeFor(desired: DesiredPod, { pods, lifeOf, isForced, drifted }: ChangesInput): Change {
  const { name } = desired;
  const entry = Object.hasOwn(pods, name) ? pods[name] : undefined;
  const current = entry?.current;
  if (desired.standIn === 'keep') return { action: 'keep', name, reason: 'its manifest is broken', entry };
  const change = (action: Action, reason: string): Change => ({ action, name, reason, desired, entry });
  if (!current) return change('create', 'new');
  const life = lifeOf(current.uuid);
  const isAlive = life.kind === 'alive';
  if (current.digest !== desired.digest) return change(isAlive ? 'replace' : 'create', 'changed');
  if (isForced?.(name)) return change(isAlive ? 'replace' : 'restart', 'requested');
  if (isAlive && drifted.has(name)) return change('replace', 'pod update changed it');
  if (isAlive) return change('unchanged', RUNS);
  if (life.kind === 'missing')
    return entry.isCompleted ? change('unchanged', 'completed') : change('create', 'it was removed');
  return life.isCompleted ? change('unchanged', 'completed') : change('restart', life.why);
}

function leftover(name: string, entry: InventoryPod, { isPruned }: ChangesInput): Change {
  const mayBePruned = entry.current?.rollout.mayBePruned ?? true;
  if (!mayBePruned) return { action: 'keep', name, reason: 'pod/prune: disabled', entry };
  if (!isPruned(name)) return { action: 'keep', name, reason: 'not in the folder; --prune removes it', entry };
  return { action: 'prune', name, reason: 'not in the folder', entry };
}

/** Whether the change starts a pod. */
export function isStart({ action }: Change): boolean {
  return action === 'create' || action === 'replace' || action === 'restart';
}

export function isEffective({ action }: Change): boolean {
  return action !== 'unchanged' && action !== 'keep';
}
