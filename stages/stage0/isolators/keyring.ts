import { OF_A_PROCESS } from './fixed.ts';
import type { Draft, Isolator, IsolatorContext } from './isolator.ts';

/** uapi/linux/keyctl.h */
const KEYCTL_JOIN_SESSION_KEYRING = 1;

function lower(value: 'pod' | 'app', draft: Draft, context: IsolatorContext): void {
  if (value === 'pod') return;
  draft.process.settings.push({
    call: 'keyctl',
    args: [KEYCTL_JOIN_SESSION_KEYRING, 0],
    at: context.at,
    why: 'join a session keyring of its own',
  });
}

export const KEYRING: Isolator<'pod' | 'app'> = {
  name: 'os/linux/keyring',
  example: 'app',
  scopes: ['app'],
  schema: {
    enum: ['pod', 'app'],
    description:
      'The session keyring of the app: a keyring shared by the apps of the pod, or a keyring of its own. The app never sees the keyring of the host. Default: "pod".',
  },
  lower,
  fixed: OF_A_PROCESS,
};
