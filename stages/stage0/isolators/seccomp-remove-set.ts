import { mapAll, PodError } from '../error.ts';
import { OF_A_PROCESS } from './fixed.ts';
import type { Draft, Isolator, IsolatorContext } from './isolator.ts';
import { defaultPolicy } from './seccomp-default.ts';
import { podmanRefusals } from './seccomp-podman.ts';
import {
  addLaunchCalls,
  blockedAction,
  checkName,
  isGroup,
  launchCalls,
  refuseBothFilters,
  type SeccompSetValue,
  seccompSetSchema,
} from './seccomp-sets.ts';

const EMPTY = '@appc.io/empty';

/** Every app starts with the default filter; a remove-set takes from it, as appc lets an implementation do. */
function applyDefault(draft: Draft): void {
  draft.process.seccompPolicy = defaultPolicy(draft.process.capabilities.bounding);
}

function lower(value: SeccompSetValue, draft: Draft, context: IsolatorContext): void {
  refuseBothFilters(draft, context);
  const policy = defaultPolicy(draft.process.capabilities.bounding);
  const blocked = blockedAction(value, context);
  mapAll(value.set.entries(), ([index, name]) => {
    checkName(name, index, context);
    if (name === EMPTY) refuseOthers(value.set, index, context);
    else refuseNeeded(name, index, draft, context);
    const calls = isGroup(name) ? refusedBy(name) : [name];
    for (const call of calls) policy.rules.set(call, { action: blocked });
  });
  addLaunchCalls(policy.rules, draft, policy.defaultAction);
  draft.process.seccompPolicy = { ...policy, at: context.at };
}

/** What docker's profile refuses, the default filter refuses already. */
function refusedBy(group: string): readonly string[] {
  return group === '@podman/default-blacklist' ? podmanRefusals() : [];
}

/** "Remove nothing" beside "remove ptrace": who wrote the one may not see the other, and the call would stay open. */
function refuseOthers(set: readonly string[], index: number, context: IsolatorContext): void {
  const others = set.filter((name) => name !== EMPTY);
  if (others.length === 0) return;
  throw new PodError(
    'manifest/schema',
    `remove "${EMPTY}" and "${others[0]}": "${EMPTY}" means that nothing is removed`,
    {
      at: context.atOf(`/set/${index}`),
      hint: `remove "${EMPTY}" from the set, or make it the only entry`,
    },
  );
}

function refuseNeeded(name: string, index: number, draft: Draft, context: IsolatorContext): void {
  const at = context.atOf(`/set/${index}`);
  if (launchCalls(draft).includes(name)) {
    throw new PodError('manifest/schema', `remove "${name}": the launch of the app needs it`, { at });
  }
  if (isGroup(name) && !name.endsWith('-blacklist')) {
    throw new PodError('manifest/schema', `remove "${name}": it holds calls that the launch of the app needs`, { at });
  }
}

export const SECCOMP_REMOVE_SET: Isolator<SeccompSetValue> = {
  name: 'os/linux/seccomp-remove-set',
  example: { set: ['ptrace'], errno: 'EPERM' },
  scopes: ['app'],
  schema: seccompSetSchema(
    'System calls to block in addition to those the default filter blocks. Cannot be combined with os/linux/seccomp-retain-set.',
  ),
  applyDefault,
  lower,
  ofImage: (value) => ({ value }),
  kind: 'filter',
  fixed: OF_A_PROCESS,
};
