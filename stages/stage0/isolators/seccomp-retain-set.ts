import { SYSCALLS } from '../../linux/syscall-numbers.ts';
import { mapAll, PodError } from '../error.ts';
import { OF_A_PROCESS } from './fixed.ts';
import { boundOf, statusField, unlessEmpty } from './in-force.ts';
import type { Draft, Isolator, IsolatorContext, SeccompPolicy, SeccompRule } from './isolator.ts';
import type { OfImage } from './of-image.ts';
import { ALLOW, defaultPolicy } from './seccomp-default.ts';
import { podmanPolicy } from './seccomp-podman.ts';
import {
  addLaunchCalls,
  blockedAction,
  checkName,
  isGroup,
  refuseBothFilters,
  type SeccompSetValue,
  seccompSetSchema,
} from './seccomp-sets.ts';

function lower(value: SeccompSetValue, draft: Draft, context: IsolatorContext): void {
  refuseBothFilters(draft, context);
  mapAll(value.set.entries(), ([index, name]) => checkName(name, index, context));
  draft.process.seccompPolicy = value.set.includes('@appc.io/all')
    ? { defaultAction: ALLOW, rules: new Map(), at: context.at }
    : { ...listed(value, draft, context), at: context.at };
}

function listed(value: SeccompSetValue, draft: Draft, context: IsolatorContext): SeccompPolicy {
  const rules = new Map<string, SeccompRule>();
  for (const [index, name] of value.set.entries()) {
    if (!isGroup(name)) rules.set(name, { action: ALLOW });
    else if (name.endsWith('-blacklist')) {
      throw new PodError('manifest/schema', `retain "${name}": it is a group of calls to refuse`, {
        at: context.atOf(`/set/${index}`),
        hint: 'did you mean "@pod/default"?',
      });
    } else if (name !== '@appc.io/empty') addGroup(rules, policyOf(name, draft), value, context);
  }
  const defaultAction = blockedAction(value, context);
  addLaunchCalls(rules, draft, defaultAction);
  return { defaultAction, rules };
}

function policyOf(group: string, draft: Draft): SeccompPolicy {
  const { bounding } = draft.process.capabilities;
  return group.startsWith('@podman/') ? podmanPolicy(bounding) : defaultPolicy(bounding);
}

/**
 * What a filter lets through, unless the manifest names the call itself and so without a test of its arguments. What another group
 * lets through as it is stays so.
 */
function addGroup(
  rules: Map<string, SeccompRule>,
  policy: SeccompPolicy,
  value: SeccompSetValue,
  context: IsolatorContext,
): void {
  const blocked = blockedAction(value, context);
  for (const [name, rule] of policy.rules) {
    if (value.set.includes(name) || isOpen(rules.get(name))) continue;
    if (rule.action.kind === 'allow') rules.set(name, rule);
    else if (rule.when) rules.set(name, { ...rule, action: blocked });
  }
  if (isOpen(rules.get('clone3'))) return;
  // Fatal for a call that C libraries try first and have a fallback for would be fatal for every app.
  rules.set('clone3', value.set.includes('clone3') ? { action: ALLOW } : policy.rules.get('clone3')!);
}

function isOpen(rule: SeccompRule | undefined): boolean {
  return rule?.action.kind === 'allow' && !rule.when;
}

/** Groups that let through no more than the default filter. */
const WITHIN_DEFAULT: readonly string[] = [
  '@appc.io/empty',
  '@pod/default',
  '@docker/default-whitelist',
  '@rkt/default-whitelist',
];

/** A call that the default filter lets through with some arguments only would be let through with all. */
function ofImage(value: SeccompSetValue): OfImage {
  const { rules } = defaultPolicy(0n);
  const isMore = (name: string): boolean =>
    isGroup(name)
      ? !WITHIN_DEFAULT.includes(name)
      : (Object.hasOwn(SYSCALLS.x86_64, name) || Object.hasOwn(SYSCALLS.aarch64, name)) && !isOpen(rules.get(name));
  const more = value.set.filter(isMore);
  return more.length > 0 ? { refused: `${more.join(', ')}: more than the default filter lets through` } : { value };
}

/** By the number in /proc/PID/status. */
const MODES = ['off', 'strict', 'filter'];

export const SECCOMP_RETAIN_SET: Isolator<SeccompSetValue> = {
  name: 'os/linux/seccomp-retain-set',
  example: { set: ['@pod/default'] },
  scopes: ['app'],
  schema: seccompSetSchema(
    'The only system calls that the app and the processes it starts may make. The calls that the launch itself needs (execve, exit, exit_group, rt_sigreturn, and writing the error if execve fails) are always allowed. Calls of other ABIs, 32-bit and x32, end the app. Default: the filter of "@pod/default", which returns EPERM for known dangerous calls and ENOSYS for all others.',
  ),
  lower,
  ofImage,
  kind: 'filter',
  fixed: OF_A_PROCESS,
  // Whatever isolator the filter came from.
  readBack: (source) => {
    const filters = boundOf(statusField(source, 'Seccomp_filters'));
    return unlessEmpty({ mode: MODES[Number(statusField(source, 'Seccomp'))], filters });
  },
};
