import { capabilityNumber } from '../../linux/capabilities.ts';
import { ERRNO } from '../../linux/errno.ts';
import { SYSCALLS } from '../../linux/syscall-numbers.ts';
import { PodError } from '../error.ts';
import type { HostFacts } from '../plan/facts.ts';
import { OF_A_PROCESS } from './fixed.ts';
import type { Draft, Isolator, IsolatorContext, SeccompAction, SeccompRule, SeccompTest } from './isolator.ts';
import { ACTIONS, OPERATORS, PROFILE_SCHEMA, type ProfileCall, type ProfileValue } from './seccomp-profile-schema.ts';
import { addLaunchCalls, checkName, errnoNumber, refuseBothFilters } from './seccomp-sets.ts';

/** The names container images have for architectures. */
const ARCHES = { x86_64: 'amd64', aarch64: 'arm64' } as const;

type When = NonNullable<SeccompRule['when']>[number];

/** What the profile says of one call, gathered over its entries. */
interface Gathered {
  action?: SeccompAction;
  readonly when: When[];
}

function lower(value: ProfileValue, draft: Draft, context: IsolatorContext): void {
  refuseBothFilters(draft, context);
  checkCapabilities(value, context);
  const defaultErrno = errnoOf(value.defaultErrnoRet, value.defaultErrno, '/defaultErrno', context);
  const defaultAction = actionOf(value.defaultAction, defaultErrno);
  const calls = new Map<string, Gathered>();
  for (const [index, entry] of (value.syscalls ?? []).entries()) {
    const errno = errnoOf(entry.errnoRet, entry.errno, `/syscalls/${index}/errno`, context) ?? defaultErrno;
    if (applies(entry, draft, context.host)) gather(calls, entry, index, errno, context);
  }
  const rules = new Map<string, SeccompRule>();
  for (const [name, { action = defaultAction, when }] of calls) {
    rules.set(name, { action, ...(when.length > 0 ? { when } : {}) });
  }
  addLaunchCalls(rules, draft, defaultAction);
  draft.process.seccompPolicy = { defaultAction, rules, at: context.at };
}

function checkCapabilities({ syscalls = [] }: ProfileValue, context: IsolatorContext): void {
  for (const [index, { includes, excludes }] of syscalls.entries()) {
    for (const [kind, filter] of Object.entries({ includes, excludes })) {
      const unknown = (filter?.caps ?? []).findIndex((name) => capabilityNumber(name) === undefined);
      if (unknown < 0) continue;
      const name = filter!.caps![unknown]!;
      const at = context.atOf(`/syscalls/${index}/${kind}/caps/${unknown}`);
      throw new PodError('manifest/schema', `read "${name}": there is no capability of that name`, { at });
    }
  }
}

/** Tests come before what holds without one; of several that hold without, the first. */
function gather(
  calls: Map<string, Gathered>,
  entry: ProfileCall,
  index: number,
  errno: number | undefined,
  context: IsolatorContext,
): void {
  const action = actionOf(entry.action, errno);
  const names = entry.names ?? [entry.name!];
  for (const [at, name] of names.entries()) {
    if (!isKnown(name)) {
      // What is not let through by a name nobody knows is only stricter; what is not stopped by it would be a hole.
      if (action.kind === 'allow') continue;
      const pointer = entry.names ? `/syscalls/${index}/names/${at}` : `/syscalls/${index}/name`;
      checkName(name, 0, { ...context, atOf: () => context.atOf(pointer) });
    }
    const gathered = calls.get(name) ?? { when: [] };
    if (entry.args && entry.args.length > 0)
      gathered.when.push(...testsOf(entry.args).map((tests) => ({ tests, action })));
    else gathered.action ??= action;
    calls.set(name, gathered);
  }
}

function isKnown(name: string): boolean {
  return Object.hasOwn(SYSCALLS.x86_64, name) || Object.hasOwn(SYSCALLS.aarch64, name);
}

/**
 * libseccomp has one test an argument in a rule. runc and crun, and so docker and podman, make a rule of each test when an entry has
 * two of one argument: any of them will do.
 */
function testsOf(args: NonNullable<ProfileCall['args']>): SeccompTest[][] {
  const tests = args.map(testOf);
  const isOnce = new Set(args.map(({ index }) => index)).size === args.length;
  return isOnce ? [tests] : tests.map((test) => [test]);
}

function testOf({ index, value, valueTwo = 0, op }: NonNullable<ProfileCall['args']>[number]): SeccompTest {
  const arg = index as SeccompTest['arg'];
  if (op === 'SCMP_CMP_MASKED_EQ') return { arg, op: 'masked-eq', mask: BigInt(value), value: BigInt(valueTwo) };
  return { arg, op: OPERATORS[op], value: BigInt(value) };
}

/** Undefined where there is neither a number nor a name. */
function errnoOf(
  number: number | undefined,
  name: string | undefined,
  pointer: string,
  context: IsolatorContext,
): number | undefined {
  if (!name) return number;
  const named = errnoNumber(name);
  if (number === undefined || number === named) return named;
  throw new PodError(
    'manifest/schema',
    `answer with "${name}": its number is ${named}, but the profile also gives ${number}`,
    {
      at: context.atOf(pointer),
    },
  );
}

function actionOf(action: keyof typeof ACTIONS, errno: number | undefined): SeccompAction {
  const kind = ACTIONS[action];
  return kind === 'errno' ? { kind, errno: errno ?? ERRNO.EPERM } : { kind };
}

/** Whether an entry is meant for an app with these capabilities on this host. */
function applies({ includes = {}, excludes = {} }: ProfileCall, draft: Draft, host: HostFacts): boolean {
  const { bounding } = draft.process.capabilities;
  const has = (name: string): boolean => (bounding & (1n << BigInt(capabilityNumber(name)!))) !== 0n;
  const arch = ARCHES[host.arch];
  return (
    (includes.caps ?? []).every(has) &&
    !(excludes.caps ?? []).some(has) &&
    (includes.arches === undefined || includes.arches.includes(arch)) &&
    !(excludes.arches ?? []).includes(arch) &&
    (includes.minKernel === undefined || isAtLeast(host.kernelRelease, includes.minKernel)) &&
    (excludes.minKernel === undefined || !isAtLeast(host.kernelRelease, excludes.minKernel))
  );
}

function isAtLeast(release: string, wanted: string): boolean {
  const [major = 0, minor = 0] = release.split('.').map(Number.parseFloat);
  const [wantedMajor = 0, wantedMinor = 0] = wanted.split('.').map(Number);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

export const SECCOMP_PROFILE: Isolator<ProfileValue> = {
  name: 'os/linux/seccomp-profile',
  example: { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['reboot'], action: 'SCMP_ACT_ERRNO' }] },
  scopes: ['app'],
  schema: PROFILE_SCHEMA,
  lower,
  kind: 'filter',
  fixed: OF_A_PROCESS,
};
