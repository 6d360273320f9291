// crun and podman refuse a hybrid tree whose hugetlb is on version 2; a mount of version 1 in a private namespace cures that. The
// controller is given back to version 2 when the bench ends.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const DIR = '/sys/fs/cgroup/hugetlb';
/** Which controllers cgroups below the root of version 2 have. */
const SUBTREE_CONTROL = '/sys/fs/cgroup/unified/cgroup.subtree_control';
const MOUNT = `mount -t cgroup -o hugetlb cgroup ${DIR}`;

/** What was just switched off is in use until the kernel has let go of it, and so cannot be mounted. */
export const CGROUP_PREPARE = `
if [ -d /sys/fs/cgroup/unified ] && grep -q '^hugetlb' /proc/cgroups && ! grep -q ' ${DIR} ' /proc/self/mountinfo; then
  mkdir -p ${DIR}
  for try in $(seq 50); do ${MOUNT} 2>/dev/null && break; sleep 0.1; done
  grep -q ' ${DIR} ' /proc/self/mountinfo || rmdir ${DIR}
fi`;

/** Of /proc/cgroups: 0 is the version 2 hierarchy, or none. */
function hierarchyOfHugetlb() {
  const line = readFileSync('/proc/cgroups', 'utf8').match(/^hugetlb\s+(\d+)/m);
  return line ? Number(line[1]) : 0;
}

/** podman leaves its parent cgroup, and a hierarchy lives as long as it has one. */
function giveBack() {
  const empty = `find ${DIR} -mindepth 1 -depth -type d -exec rmdir {} +`;
  execFileSync('unshare', ['--mount', '--', 'sh', '-ec', `mkdir -p ${DIR}; ${MOUNT}; ${empty}; umount ${DIR}`], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}

/** The kernel drops a hierarchy some time after its last mount. */
const TRIES = 20;
const PAUSE_MS = 100;

/** To be called before a pod of ours runs: a cgroup with processes in it keeps what it had when it was made. */
export function freeHugetlb(workspace) {
  const made = !existsSync(DIR);
  if (hierarchyOfHugetlb() !== 0) return;
  // A pod with a limit on huge pages has switched it on for all; what is in use cannot be mounted elsewhere.
  const isOn = existsSync(SUBTREE_CONTROL) && readFileSync(SUBTREE_CONTROL, 'utf8').includes('hugetlb');
  if (isOn) writeFileSync(SUBTREE_CONTROL, '-hugetlb');
  workspace.defer(async () => {
    for (let left = TRIES; hierarchyOfHugetlb() !== 0; left--) {
      if (left === 0) throw new Error('hugetlb is still on a version 1 hierarchy');
      giveBack();
      await delay(PAUSE_MS);
    }
    if (made && existsSync(DIR)) rmdirSync(DIR);
    if (isOn) writeFileSync(SUBTREE_CONTROL, '+hugetlb');
  });
}
