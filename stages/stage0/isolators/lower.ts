import { PodError, podErrorsOf } from '../error.ts';
import type { IsolatorSpec } from '../manifest/spec.ts';
import type { HostFacts } from '../plan/facts.ts';
import { newDraft } from './defaults.ts';
import type { Draft, AnyIsolator } from './isolator.ts';
import { findIsolator, ISOLATORS } from './registry.ts';

export interface LowerOptions {
  /** Of an app's pod. */
  readonly pod?: Draft | undefined;
  readonly hostNetwork?: boolean;
  readonly joinedNetwork?: boolean;
  readonly hasUserns?: boolean;
  readonly hasOwnLink?: boolean;
}

export interface Lowered {
  readonly draft: Draft;
  /** All that is wrong, in the order of the registry; empty when the draft can be used. */
  readonly errors: readonly PodError[];
  /** Which isolator each of them is of that could not be lowered. */
  readonly refused: ReadonlyMap<PodError, string>;
}

/**
 * What an app or a pod is like, with all its isolators and the defaults of those it does not name. An app whose pod has
 * limits is given the pod's draft, to fit into them.
 */
export function lowerIsolators(
  specs: readonly IsolatorSpec[],
  scope: 'app' | 'pod',
  host: HostFacts,
  { pod, hostNetwork = false, joinedNetwork = false, hasUserns = false, hasOwnLink = true }: LowerOptions = {},
): Lowered {
  const draft = newDraft(scope, host);
  const { wanted, errors } = pick(specs, scope);
  const refused = new Map<PodError, string>();
  for (const isolator of ISOLATORS) {
    if (!isolator.scopes.includes(scope)) continue;
    isolator.applyDefault?.(draft, host, pod);
    const spec = wanted.get(isolator.name);
    if (!spec) continue;
    try {
      const places = { at: spec.at, atOf: spec.atOf };
      const network = { hostNetwork, joinedNetwork, hasOwnLink };
      isolator.lower(spec.value as never, draft, { host, ...places, ...network, pod, hasUserns });
    } catch (error) {
      for (const each of podErrorsOf(error)) {
        errors.push(each);
        refused.set(each, isolator.name);
      }
    }
  }
  return { draft, errors, refused };
}

function pick(
  specs: readonly IsolatorSpec[],
  scope: 'app' | 'pod',
): { wanted: Map<string, IsolatorSpec>; errors: PodError[] } {
  const wanted = new Map<string, IsolatorSpec>();
  const errors: PodError[] = [];
  for (const spec of specs) {
    const error = refuse(spec, findIsolator(spec.name), scope, wanted);
    if (error) errors.push(error);
    else wanted.set(spec.name, spec);
  }
  return { wanted, errors };
}

function refuse(
  spec: IsolatorSpec,
  isolator: AnyIsolator | undefined,
  scope: 'app' | 'pod',
  before: ReadonlyMap<string, IsolatorSpec>,
): PodError | undefined {
  const { name, at } = spec;
  if (!isolator)
    return new PodError('manifest/unknown-field', `apply isolator "${name}": there is no isolator of that name`, {
      at,
    });
  if (!isolator.scopes.includes(scope)) {
    const hint = `write it in ${scope === 'pod' ? 'an app' : 'the pod'}`;
    return new PodError(
      'manifest/schema',
      `apply "${name}" to the ${scope}: it applies to the ${isolator.scopes.join(', ')} only`,
      { at, hint },
    );
  }
  const first = before.get(name);
  if (!first) return undefined;
  return new PodError('manifest/duplicate', `apply "${name}": it is already set`, {
    at,
    hint: `the first one is on line ${first.at.line}`,
  });
}
