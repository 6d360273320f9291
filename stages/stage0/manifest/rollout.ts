// Annotations that `pod apply` acts on: `pod/depends-on`, `pod/min-ready-seconds`, `pod/prune`, `pod/strategy`. They say how the
// pod is brought about beside others, not what it is.

import { PodError } from '../error.ts';
import type { RolloutSpec } from './spec.ts';
import { suggestionHint } from './suggest.ts';

export const PREFIX = 'pod/';

export const ROLLOUT_ANNOTATIONS = {
  dependsOn: 'pod/depends-on',
  minReady: 'pod/min-ready-seconds',
  prune: 'pod/prune',
  strategy: 'pod/strategy',
} as const;

export type Conditions = RolloutSpec['dependsOn'][number]['condition'];

const CONDITIONS: readonly string[] = ['started', 'ready', 'completed'];
const STRATEGIES: readonly string[] = ['replace', 'start-first'];
const PRUNE: readonly string[] = ['enabled', 'disabled'];
const NAME = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;
/** A day: whoever writes more has mistaken the unit. */
const MAX_READY_SECONDS = 86_400;

/** `db`, or `db:ready, cache:started`. Throws `manifest/schema`. */
export function parseDependsOn(text: string): { readonly pod: string; readonly condition: Conditions }[] {
  const parts = text.split(',').map((part) => part.trim());
  const found = parts.map((part) => {
    const [pod = '', condition = 'started', ...rest] = part.split(':');
    if (!NAME.test(pod) || rest.length > 0)
      throw new PodError('manifest/schema', `"${part}" is not a pod's name, with or without a condition`, {
        hint: 'write names with commas between them, as in "db:ready, cache"',
      });
    if (CONDITIONS.includes(condition)) return { pod, condition: condition as Conditions };
    throw new PodError('manifest/schema', `"${condition}" is not a condition`, {
      hint: suggestionHint(condition, CONDITIONS, 'conditions'),
    });
  });
  const twin = found.find(({ pod }, index) => found.findIndex((other) => other.pod === pod) < index);
  if (twin) throw new PodError('manifest/duplicate', `the pod "${twin.pod}" is there twice`);
  return found;
}

/** Seconds, with or without a fraction. Throws `manifest/schema`. */
export function parseMinReadyMs(text: string): number {
  const seconds = /^\d{1,6}(\.\d{1,3})?$/.test(text) ? Number(text) : Number.NaN;
  if (seconds <= MAX_READY_SECONDS) return Math.round(seconds * 1000);
  throw new PodError('manifest/schema', `"${text}" is not a number of seconds from 0 to ${MAX_READY_SECONDS}`);
}

export function parseStrategy(text: string): RolloutSpec['strategy'] {
  return oneOf(text, STRATEGIES, 'strategies') as RolloutSpec['strategy'];
}

/** Whether the pod may be pruned. */
export function parsePrune(text: string): boolean {
  return oneOf(text, PRUNE, 'values') === 'enabled';
}

function oneOf(text: string, values: readonly string[], what: string): string {
  if (values.includes(text)) return text;
  throw new PodError('manifest/schema', `"${text}" is not one of ${values.join(', ')}`, {
    hint: suggestionHint(text, values, what),
  });
}
