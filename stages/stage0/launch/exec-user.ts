import type { ProcessPlan } from '../../stage2/process.ts';
import { lookupUser } from '../image/user.ts';
import { finalCapabilities } from '../isolators/capability-sets.ts';
import type { ExecData } from './exec-data.ts';

/** The same process as another user of the image, with the capabilities that user may have. */
export function becomeUser(process: ProcessPlan, data: ExecData, user: string): ProcessPlan {
  const image = {
    ref: '',
    digest: '',
    mounts: data.imageMounts,
    config: { entrypoint: [], command: [], env: {}, volumes: [] },
  };
  const { uid, gid, supplementaryGids, home } = lookupUser(image, user);
  const capabilities = finalCapabilities({ capabilities: data.capabilities }, uid);
  return { ...process, uid, gid, supplementaryGids, capabilities, env: { ...process.env, HOME: home } };
}
