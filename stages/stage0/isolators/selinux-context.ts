import { PodError } from '../error.ts';
import { findingOf } from './finding.ts';
import { OF_A_PROCESS } from './fixed.ts';
import { unlessEmpty } from './in-force.ts';
import type { Draft, Isolator, IsolatorContext, JsonSchema } from './isolator.ts';

export type SelinuxValue =
  | string
  | { readonly user?: string; readonly role?: string; readonly type: string; readonly level?: string };

/** There where the module is active and its file system is mounted, as it is on every host that has a policy. */
const ENFORCE = '/sys/fs/selinux/enforce';

function lower(value: SelinuxValue, draft: Draft, context: IsolatorContext): void {
  const { at } = context;
  const label = typeof value === 'string' ? value : labelOf(value);
  if (findingOf(context.host, 'text', ENFORCE) === null) {
    throw new PodError('host/unsupported', `run in SELinux context "${label}": SELinux is not active here`, {
      at,
      hint: 'this needs a policy, and "selinux" in the kernel\'s "lsm="',
    });
  }
  draft.process.labels.push({
    attribute: 'exec',
    request: label,
    shown: label,
    why: `run in SELinux context "${label}"`,
    at,
  });
}

/** As container runtimes fill it up. */
function labelOf({ user = 'system_u', role = 'system_r', type, level = 's0' }: Exclude<SelinuxValue, string>): string {
  return [user, role, type, level].join(':');
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
      'The SELinux context the app runs in, given as a whole or in parts. The policy must allow the transition to the context, and the context must have access to the files of the app. A host where SELinux is not active refuses the pod. Default: the context that the policy assigns.',
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
            description: 'Default: `s0`.',
          },
        },
      },
    ],
  },
  look: () => [`text ${ENFORCE}`],
  lower,
  fixed: OF_A_PROCESS,
  // The file is that of any security module; only this one's labels have such parts.
  readBack: ({ proc }) =>
    unlessEmpty({ context: /^[^\s:]+(:[^\s:]+){2}[^\s\0]*/.exec(proc('attr/current') ?? '')?.[0] }),
};
