import type { ProcessPlan } from '../../stage2/process.ts';
import { PodError } from '../error.ts';
import { lookupUser } from '../image/user.ts';
import { finalCapabilities } from '../isolators/capability-sets.ts';
import type { ExecData } from './exec-data.ts';

export interface UserInput {
  /** The image's reference. */
  readonly ref: string;
  readonly data: ExecData;
}

/** The same process as another user of the image, with the capabilities that this user may have. */
export function becomeUser(process: ProcessPlan, { ref, data }: UserInput, user: string): ProcessPlan {
  // In an image, an empty user means root. On the command line, -u "$NAME" with an empty variable is a mistake.
  if (user === '' || user.startsWith(':')) {
    throw new PodError('image/user', `look up user "${user}": it names no user`, {
      hint: 'without a user, the command runs as the user of the app',
    });
  }
  const image = {
    ref,
    digest: '',
    mounts: data.imageMounts,
    config: { entrypoint: [], command: [], env: {}, volumes: [] },
  };
  const { uid, gid, supplementaryGids, home } = lookupUser(image, user);
  const capabilities = finalCapabilities({ capabilities: data.capabilities }, uid);
  return { ...process, uid, gid, supplementaryGids, capabilities, env: { ...process.env, HOME: home } };
}
