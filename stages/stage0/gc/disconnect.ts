import { closeSync, existsSync, openSync, constants, rmSync } from 'node:fs';
import { removeFromNetwork } from '../network/cni/chain.ts';
import { lockNetwork } from '../network/cni/lock.ts';
import { isPinned, unpinNamespace } from '../network/cni/netns.ts';
import { netnsPath, parseState } from '../network/cni/state.ts';
import { releasePorts } from '../network/port-claims.ts';
import * as claims from '../pod/claims.ts';
import { PodError } from '../error.ts';
import { readIfThere } from '../pod/files.ts';
import { POD_FILES } from '../pod/layout.ts';
import { PodStore } from '../pod/store.ts';

/**
 * Takes a pod that has ended off its CNI network. May be repeated, and called by several processes: the first one does it, the others
 * wait. What fails is left for the next one, with everything that it needs.
 */
export async function disconnect(root: string, uuid: string): Promise<void> {
  // Opened once, because the directory may move at any time.
  const dir = openPod(new PodStore(root), uuid);
  if (dir === undefined) return;
  try {
    const [state, lock] = [POD_FILES.cni, POD_FILES.cniLock].map((name) => `/proc/self/fd/${dir}/${name}`);
    if (existsSync(state!)) await disconnectBy(root, uuid, { state: state!, lock: lock! });
    // The file goes last, unless somebody has removed it to leave what a plugin holds.
    else unpinNamespace(netnsPath(uuid));
  } finally {
    closeSync(dir);
  }
}

async function disconnectBy(root: string, uuid: string, files: { state: string; lock: string }): Promise<void> {
  using lock = await lockNetwork(files.lock);
  const text = readIfThere(files.state);
  // Another process has done it meanwhile.
  if (text === undefined) return;
  const state = parseState(text);
  const netns = netnsPath(uuid);
  if (state) {
    await removeWith(() => removeFromNetwork(state, isPinned(netns) ? netns : '', { lockFd: lock.number }), root, uuid);
    releasePorts(claims, root, state.ports, uuid);
  }
  unpinNamespace(netns);
  rmSync(files.state);
}

async function removeWith(remove: () => Promise<void>, root: string, uuid: string): Promise<void> {
  try {
    await remove();
  } catch (error) {
    if (!(error instanceof PodError)) throw error;
    const path = new PodStore(root).locate(uuid)?.path;
    const hint = `pod gc tries it again; to leave what the plugin holds, remove ${path}/${POD_FILES.cni}`;
    throw new PodError(error.code, error.message, { hint: error.hint ? `${error.hint}; ${hint}` : hint, cause: error });
  }
}

const MOST_TRIES = 10;

function openPod(store: PodStore, uuid: string): number | undefined {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const pod = store.locate(uuid);
    if (!pod) return undefined;
    try {
      return openSync(pod.path, constants.O_RDONLY | constants.O_DIRECTORY);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      // It has just moved.
    }
  }
  return undefined;
}
