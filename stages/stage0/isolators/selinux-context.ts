import { PodError } from '../error.ts';
import { findingOf } from './finding.ts';
import { OF_A_PROCESS } from './fixed.ts';
import { unlessEmpty } from './in-force.ts';
import type { Draft, Isolator, IsolatorContext, JsonSchema, SecurityLabel } from './isolator.ts';

export type SelinuxValue =
  | string
  | { readonly user?: string; readonly role?: string; readonly type: string; readonly level?: string };

/** There where the module is active and its file system is mounted, as it is on every host that has a policy. */
const ENFORCE = '/sys/fs/selinux/enforce';
/** Whether the policy has levels: 1 or 0. */
const LEVELS = '/sys/fs/selinux/mls';

function lower(value: SelinuxValue, draft: Draft, context: IsolatorContext): void {
  const { at, host } = context;
  const hasLevels = findingOf(host, 'text', LEVELS) === '1';
  const label = typeof value === 'string' ? value : labelOf(value, hasLevels);
  if (findingOf(host, 'text', ENFORCE) === null) {
    throw new PodError('host/unsupported', `run in SELinux context "${label}": SELinux is not active here`, {
      at,
      hint: 'this needs a policy, and "selinux" in the kernel\'s "lsm="',
    });
  }
  draft.process.labels.push({
    attribute: 'exec',
    request: label,
    shown: shownOf(label),
    why: `run in SELinux context "${label}"`,
    hints: hintsFor(hasLevels),
    at,
  });
}

/** As container runtimes fill it up. */
function labelOf(value: Exclude<SelinuxValue, string>, hasLevels: boolean): string {
  const { user = 'system_u', role = 'system_r', type, level = hasLevels ? 's0' : undefined } = value;
  return [user, role, type, ...(level === undefined ? [] : [level])].join(':');
}

/**
 * How the kernel shows a context: all of it, with a terminating NUL. The kernel has its own form for levels ("s0:c2,c1" is
 * "s0:c1,c2", and "s0-s0" is "s0"), so what follows the type is not compared. It was refused if the policy does not know it.
 */
function shownOf(label: string): string {
  const [user, role, type, ...level] = label.split(':');
  return [user, role, level.length === 0 ? `${type}\0` : `${type}:`].join(':');
}

/** See selinux_setprocattr and selinux_bprm_creds_for_exec in security/selinux/hooks.c. */
function hintsFor(hasLevels: boolean): SecurityLabel['hints'] {
  const level = hasLevels
    ? 'this policy has levels, so the context needs one, as in ":s0"'
    : 'this policy has no levels';
  return {
    write: {
      EINVAL: `the policy has no such user, role or type, or does not combine them (seinfo lists them); ${level}`,
      EACCES: 'the policy has to grant the context that pod itself runs in "process setexec"',
    },
    execve: {
      EPERM:
        'because of "os/linux/no-new-privileges", the policy has to grant the context that pod itself runs in "process2 { nnp_transition nosuid_transition }" to this context',
      EACCES:
        'the policy does not grant "process transition" to the context, or "file { entrypoint execute read }" on the file to it (ausearch -m avc shows which), or the file is not executable for the user of the app',
    },
  };
}

const PART: JsonSchema = {
  type: 'string',
  pattern: '^[A-Za-z0-9_.-]+$',
  'x-expects': 'a part of a context: letters, digits, ".", "_" and "-"',
};

export const SELINUX_CONTEXT: Isolator<SelinuxValue> = {
  name: 'os/linux/selinux-context',
  example: { type: 'container_t' },
  scopes: ['app'],
  schema: {
    description:
      'The SELinux context the app runs in, given as a whole or in parts. The policy must allow the transition to the context, also under no-new-privileges, and give the context access to the files of the app: see "SELinux and AppArmor" in docs/security.md. A host where SELinux is not active refuses the pod. Default: the context of `pod` itself, unless the policy assigns another one.',
    oneOf: [
      {
        type: 'string',
        pattern: '^[A-Za-z0-9_.-]+:[A-Za-z0-9_.-]+:[A-Za-z0-9_.-]+(:[A-Za-z0-9_.:,-]+)?$',
        'x-expects': 'a context, as in "system_u:system_r:container_t:s0"',
      },
      {
        type: 'object',
        additionalProperties: false,
        required: ['type'],
        properties: {
          user: { ...PART, description: 'Default: `system_u`.' },
          role: { ...PART, description: 'Default: `system_r`.' },
          type: { ...PART, description: '`container_t` on Fedora and related distributions.' },
          level: {
            type: 'string',
            pattern: '^[A-Za-z0-9_.:,-]+$',
            'x-expects': 'a level, as in "s0:c1,c2"',
            description: 'Default: `s0`, if the policy has levels.',
          },
        },
      },
    ],
  },
  look: () => [`text ${ENFORCE}`, `text ${LEVELS}`],
  lower,
  fixed: OF_A_PROCESS,
  // The file is that of any security module; only this one's labels have such parts.
  readBack: ({ proc }) =>
    unlessEmpty({ context: /^[^\s:]+(:[^\s:]+){2}[^\s\0]*/.exec(proc('attr/current') ?? '')?.[0] }),
};
