import type { ProcessPlan } from '../../stage2/process.ts';
import { PodError } from '../error.ts';
import { lookupUser } from '../image/user.ts';
import { finalCapabilities } from '../isolators/capability-sets.ts';
import type { ExecData } from './exec-data.ts';

export interface UserInput {
  /** Of the image. */
  readonly ref: string;
  readonly data: ExecData;
}

/** The same process as another user of the image, with the capabilities that user may have. */
export function becomeUser(process: ProcessPlan, { ref, data }: UserInput, user: string): ProcessPlan {
  // An image may leave it out, and then means root. Whoever writes -u "$NAME" here means somebody.
  if (user === '' || user.startsWith(':')) {
    throw new PodError('image/user', `look up user "${user}": it names no user`, {
      hint: 'without a user the command runs as that of the app',
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
