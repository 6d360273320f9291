import { PodError } from '../error.ts';
import { findingOf } from './finding.ts';
import { OF_A_PROCESS } from './fixed.ts';
import { unlessEmpty } from './in-force.ts';
import type { Draft, Isolator, IsolatorContext } from './isolator.ts';

const ENABLED = '/sys/module/apparmor/parameters/enabled';

/** apparmor_setprocattr in security/apparmor/lsm.c, and handle_onexec in domain.c */
const HINTS = {
  write: {
    ENOENT: 'no such profile is loaded: apparmor_parser(8) loads one, and aa-status(8) lists them',
    EACCES: 'pod itself runs under a profile, which needs a "change_profile" rule for this',
  },
  execve: { EPERM: 'pod itself runs under a profile, which "os/linux/no-new-privileges" does not let it leave' },
} as const;

function lower(profile: string, draft: Draft, context: IsolatorContext): void {
  const { at } = context;
  const enabled = findingOf(context.host, 'text', ENABLED);
  if (enabled !== 'Y') {
    const found = enabled === null ? 'this kernel has no AppArmor' : 'AppArmor is switched off';
    throw new PodError('host/unsupported', `run under AppArmor profile "${profile}": ${found}`, {
      at,
      hint: 'boot with "apparmor=1", and with apparmor in "lsm=" if the kernel command line has it',
    });
  }
  draft.process.labels.push({
    attribute: 'apparmor/exec',
    request: `exec ${profile}`,
    // A profile is shown with its mode; there is none of being unconfined.
    shown: profile === 'unconfined' ? profile : `${profile} (`,
    why: `run under AppArmor profile "${profile}"`,
    hints: HINTS,
    at,
  });
}

export const APPARMOR_PROFILE: Isolator<string> = {
  name: 'os/linux/apparmor-profile',
  example: 'unconfined',
  scopes: ['app'],
  schema: {
    type: 'string',
    pattern: '^[^\\u0000-\\u0020\\u007f][^\\u0000-\\u001f\\u007f]{0,1023}$',
    'x-expects': 'the name of a profile: one line of at most 1024 characters that does not begin with a space',
    description:
      'The name of the AppArmor profile the app runs under. The profile must be loaded on the host, for example with apparmor_parser(8). `unconfined`: no profile. A host without AppArmor refuses the pod. Default: the profile that AppArmor itself attaches to the program, usually none.',
  },
  look: () => [`text ${ENABLED}`],
  lower,
  fixed: OF_A_PROCESS,
  // With its mode, as in "docker-default (enforce)".
  readBack: ({ proc }) => unlessEmpty({ profile: proc('attr/apparmor/current')?.trim() }),
};
