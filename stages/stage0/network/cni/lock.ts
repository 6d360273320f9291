import { closeSync, openSync } from 'node:fs';
import { LOCK_EX } from '../../../linux/constants.ts';
import { Fd } from '../../../linux/fd.ts';
import { tryFlock } from '../../../linux/flock.ts';
import { PodError } from '../../error.ts';
import { PLUGIN_LIMIT_MS } from './plugin.ts';

const RETRY_MS = 10;

/**
 * Waits until nobody works on the pod's network, which includes plugins that outlived who called them. Throws `network/plugin` if that
 * takes longer than a plugin may.
 */
export async function lockNetwork(path: string, limitMs: number = PLUGIN_LIMIT_MS): Promise<Fd> {
  const fd = openSync(path, 'a', 0o600);
  try {
    const deadlineMs = performance.now() + limitMs;
    while (!tryFlock(fd, LOCK_EX, path)) {
      if (performance.now() > deadlineMs) {
        throw new PodError('network/plugin', "change the pod's CNI network: a plugin is still at work", {
          hint: `see who has it open: fuser -v ${path}`,
        });
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
    return new Fd(fd);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}
