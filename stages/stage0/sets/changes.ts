import type { InventoryPod } from './inventory.ts';
import type { Life } from './life.ts';
import type { DesiredPod } from './types.ts';

/** `keep`: not in the folder any more, or broken there, and left alone. */
export type Action = 'create' | 'replace' | 'restart' | 'unchanged' | 'prune' | 'keep';

export interface Change {
  readonly action: Action;
  readonly name: string;
  /** For people; short. */
  readonly reason: string;
  /** Absent for what is to go, or to be left alone. */
  readonly desired?: DesiredPod;
  readonly entry?: InventoryPod | undefined;
}

export interface ChangesInput {
  /** Each after those it depends on. */
  readonly desired: readonly DesiredPod[];
  readonly pods: Readonly<Record<string, InventoryPod>>;
  readonly lifeOf: (uuid: string) => Life;
  /** Pods whose limits somebody has changed while they ran. */
  readonly drifted: ReadonlySet<string>;
  /** Whether the pod goes when the folder has it no more. */
  readonly isPruned: (name: string) => boolean;
  /** To be replaced though they are what they should be. */
  readonly isForced?: ((name: string) => boolean) | undefined;
}

/** What has to happen for the set to be what is desired: first the pods of the folder, in order, then those it has no more. */
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

/** A network goes with its pod: who shares it would stay in one that nobody else is in. */
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

/** A pod is to be made. */
export function isStart({ action }: Change): boolean {
  return action === 'create' || action === 'replace' || action === 'restart';
}

export function isEffective({ action }: Change): boolean {
  return action !== 'unchanged' && action !== 'keep';
}
