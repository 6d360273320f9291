import { ERRNO } from '../../linux/errno.ts';
import { SYSCALLS } from '../../linux/syscall-numbers.ts';
import { PodError } from '../error.ts';
import { REPORT_BYTES, REPORT_FD } from '../../tape/format.ts';
import type { Draft, IsolatorContext, JsonSchema, SeccompAction, SeccompRule, SeccompTest } from './isolator.ts';
import { ALLOW } from './seccomp-default.ts';

export interface SeccompSetValue {
  readonly set: readonly string[];
  readonly errno?: string;
}

/** What every launch calls after the filter is in force; without them the app could not begin, or not end. */
const LAUNCH_CALLS: readonly string[] = ['execve', 'exit', 'exit_group', 'rt_sigreturn'];

/**
 * Without no_new_privs the filter goes in before the capabilities are given up (seccomp(2) asks for CAP_SYS_ADMIN then), so
 * these come after it as well.
 */
const EARLY_LAUNCH_CALLS: readonly string[] = [
  ...LAUNCH_CALLS,
  'capset',
  'prctl',
  'setgroups',
  'setresgid',
  'setresuid',
];

/** The calls of this app's launch that its filter has to let through. */
export function launchCalls(draft: Draft): readonly string[] {
  return draft.process.noNewPrivileges ? LAUNCH_CALLS : EARLY_LAUNCH_CALLS;
}

/**
 * Lets through what the launch calls, and the one write that tells init of an execve that failed: of so many bytes, to the
 * descriptor that execve closes. `others` is the answer to calls without a rule.
 */
export function addLaunchCalls(rules: Map<string, SeccompRule>, draft: Draft, others: SeccompAction): void {
  for (const name of launchCalls(draft)) rules.set(name, { action: ALLOW });
  const { action, when = [] } = rules.get('write') ?? { action: others };
  if (action.kind === 'allow' && when.length === 0) return;
  const tests = [equals(0, REPORT_FD), equals(2, REPORT_BYTES)];
  rules.set('write', { action, when: [{ tests, action: ALLOW }, ...when] });
}

function equals(arg: SeccompTest['arg'], value: number): SeccompTest {
  return { arg, op: 'eq', value: BigInt(value) };
}

/** The groups a set may name beside system calls. */
export const GROUPS = {
  '@appc.io/all': 'every call; in a retain-set, turns the filter off',
  '@appc.io/empty':
    'no call; a remove-set with only this group is the default filter, a retain-set with only this group allows only what the launch itself needs',
  '@pod/default': 'the calls that the default filter allows, with its argument tests',
  '@docker/default-whitelist': 'the same, by its name in rkt',
  '@rkt/default-whitelist': 'the same, by its name in rkt',
  '@podman/default':
    "the calls that podman's profile allows (from containers-common 0.50.1), with its argument tests; more than the default, for apps that create containers",
  '@podman/default-whitelist': 'the same',
  '@podman/default-blacklist': "the calls that podman's profile denies by name; for a remove-set",
  '@docker/default-blacklist': 'the calls that the default filter denies; for a remove-set',
  '@rkt/default-blacklist': 'the calls that the default filter denies; for a remove-set',
} as const;

export type Group = keyof typeof GROUPS;

export function isGroup(name: string): name is Group {
  return Object.hasOwn(GROUPS, name);
}

/** As errno(3) has them. */
export const ERRNO_NAMES: readonly string[] = [...Object.keys(ERRNO), 'ENOTSUP', 'EWOULDBLOCK'];

export function seccompSetSchema(description: string): JsonSchema {
  const groups = Object.entries(GROUPS).map(([name, meaning]) => `"${name}": ${meaning}`);
  return {
    type: 'object',
    description,
    additionalProperties: false,
    required: ['set'],
    properties: {
      set: {
        type: 'array',
        minItems: 1,
        items: {
          type: 'string',
          pattern: '^(@[a-z.]+/[a-z-]+|[a-z_][a-z0-9_]*)$',
          'x-expects': 'the name of a system call, or of a group, as in "@pod/default"',
        },
        description: `System calls by the kernel's name, and groups of them. ${groups.join('. ')}.`,
      },
      errno: {
        enum: ['', ...ERRNO_NAMES],
        description: 'The error that a blocked call returns, by name. Default, and if empty: SIGSYS ends the app.',
      },
    },
  };
}

/** What the manifest's `errno` makes of a blocked call. */
export function blockedAction(value: SeccompSetValue, context: IsolatorContext): SeccompAction {
  if (!value.errno) return { kind: 'kill' };
  const errno = errnoNumber(value.errno);
  if (errno === undefined) {
    throw new PodError('manifest/schema', `answer blocked calls with "${value.errno}": there is no such error`, {
      at: context.atOf('/errno'),
    });
  }
  return { kind: 'errno', errno };
}

export function errnoNumber(name: string): number | undefined {
  if (name === 'ENOTSUP') return ERRNO.EOPNOTSUPP;
  if (name === 'EWOULDBLOCK') return ERRNO.EAGAIN;
  return Object.hasOwn(ERRNO, name) ? ERRNO[name as keyof typeof ERRNO] : undefined;
}

/** A name only 32-bit, old or PowerPC's kernels have is no use in a filter for 64-bit calls, but manifests for rkt list them. */
const OTHER_ABI =
  /^(.*(32|64|_time64|64_64)|_llseek|_newselect|ipc|recv|send|sigprocmask|sigreturn|socketcall|ugetrlimit|umount|waitpid|stime|vm86(old)?|arm_.*|breakpoint|cacheflush|set_tls|sync_file_range2|bdflush|pciconfig_(iobase|read|write)|swapcontext|nice|old.*|s[gs]etmask)$/;

/** Refuses a name that is neither a call nor a group, at its own place. */
export function checkName(name: string, index: number, context: IsolatorContext): void {
  if (
    isGroup(name) ||
    Object.hasOwn(SYSCALLS.x86_64, name) ||
    Object.hasOwn(SYSCALLS.aarch64, name) ||
    OTHER_ABI.test(name)
  )
    return;
  const what = name.startsWith('@') ? 'group of system calls' : 'system call';
  throw new PodError('manifest/schema', `read "${name}": there is no ${what} of that name`, {
    at: context.atOf(`/set/${index}`),
    hint: name.startsWith('@') ? `the groups are ${Object.keys(GROUPS).join(', ')}` : undefined,
  });
}

/** A retain-set and a remove-set in one app: an error at the later of the two. */
export function refuseBothFilters(draft: Draft, context: IsolatorContext): void {
  const before = draft.process.seccompPolicy.at;
  if (!before) return;
  const later = before.line > context.at.line || (before.line === context.at.line && before.col > context.at.col);
  const [first, second] = later ? [context.at, before] : [before, context.at];
  throw new PodError(
    'manifest/schema',
    'set a system call filter: an app can have only one of retain-set, remove-set and profile',
    {
      at: second,
      hint: `the other one is on line ${first.line}`,
    },
  );
}
