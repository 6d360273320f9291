import { readdirSync, readlinkSync } from 'node:fs';
import { chooseBridge } from '../../stages/stage0/network/bridge-config.ts';

/** Pids and uuids of running pods that belong to a state directory other than `root`: somebody else's, and none of our business. */
export function findOtherPods(root: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) =>
      podDirectories(pid)
        .filter((dir) => !dir.startsWith(`${root}/`))
        .flatMap((dir) => namesOf(pid, dir)),
    );
}

/** What appears in the names of a pod's cgroups, of its link, of its bridge and its table, and in the list of processes. */
function namesOf(pid: string, dir: string): string[] {
  const uuid = dir.slice(dir.lastIndexOf('/') + 1);
  const { bridge, table } = chooseBridge(dir.slice(0, dir.lastIndexOf('/pods/')), {
    prefixes4: [],
    devices: [],
  });
  return [`${pid} stage1`, `/pod-${uuid}`, `vp${uuid.replaceAll('-', '').slice(0, 12)}`, bridge, table];
}

/** Directories of pods a process holds open: monitor and init hold their own, which is the pod's lock. */
function podDirectories(pid: string): string[] {
  try {
    const links = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
    return links.filter((link) => /\/pods\/[a-z]+\/[0-9a-f-]{36}$/.test(link));
  } catch {
    // The process, or one of its descriptors, is gone by now.
    return [];
  }
}
