// cgroups(7)

import { existsSync, rmdirSync, statfsSync, writeFileSync } from 'node:fs';
import { CGROUP2_SUPER_MAGIC, CGROUP_SUPER_MAGIC } from '../../linux/cgroup.ts';
import { pidfdOpen, tryPidfdSendSignal } from '../../linux/pidfd.ts';
import type { CgroupEntry } from './ledger.ts';
import { directoriesOf, isGone, pidsIn } from './processes.ts';

/** A directory that could not be removed. */
export interface CgroupLeftover {
  readonly path: string;
  readonly reason: string;
}

const SIGKILL = 9;
/** A killed process leaves its cgroup within a few ms, unless it hangs in the kernel. */
const PATIENCE_MS = 2000;
const POD_DIRECTORY = /\/pod-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Kills what is left in the directories and removes them. Version 2 first, where one write kills everything at once, including
 * frozen and forking processes. Returns what still exists after two seconds: a later gc tries again.
 */
export function undoCgroups(entries: readonly CgroupEntry[]): CgroupLeftover[] {
  const there = entries.filter(({ path }) => isOurs(path)).map(({ path }) => path);
  const sorted = there.toSorted(
    (a, b) => Number(existsSync(`${b}/cgroup.kill`)) - Number(existsSync(`${a}/cgroup.kill`)),
  );
  const deadline = Date.now() + PATIENCE_MS;
  for (const path of sorted) killAll(path);
  return sorted.flatMap((path) => removeWithin(path, deadline));
}

/** Kills every process in the directories, without removing the directories. */
export function killCgroups(paths: readonly string[]): void {
  for (const path of paths) if (isOurs(path)) killAll(path);
}

/** A ledger is a file and may be damaged, so only a pod's directory on a cgroup file system is ever touched. */
function isOurs(path: string): boolean {
  if (!POD_DIRECTORY.test(path)) return false;
  try {
    const { type } = statfsSync(path);
    return type === CGROUP_SUPER_MAGIC || type === CGROUP2_SUPER_MAGIC;
  } catch (error) {
    if (!isGone(error)) throw error;
    return false;
  }
}

function killAll(path: string): void {
  if (existsSync(`${path}/cgroup.kill`)) {
    writeUnlessGone(`${path}/cgroup.kill`, '1');
    return;
  }
  // A frozen process receives no signals, not even SIGKILL.
  if (existsSync(`${path}/freezer.state`)) writeUnlessGone(`${path}/freezer.state`, 'THAWED');
  for (const directory of directoriesOf(path)) for (const pid of pidsIn(directory)) killIn(directory, pid);
}

/** The pod's own monitor may remove the directories at any time, once the last process has ended. */
function writeUnlessGone(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

/** A pid may be reused between reading and killing; a descriptor always refers to the same process. */
function killIn(directory: string, pid: number): void {
  using pidfd = pidfdOpen(pid);
  if (pidfd && pidsIn(directory).includes(pid)) tryPidfdSendSignal(pidfd.number, SIGKILL);
}

function removeWithin(path: string, deadline: number): CgroupLeftover[] {
  for (;;) {
    const reason = tryRemove(path);
    if (reason === undefined) return [];
    if (reason !== 'EBUSY' || Date.now() >= deadline) return [{ path, reason }];
    pauseMs(2);
    killAll(path);
  }
}

/** Returns the kernel's error, or undefined when the directory is gone. */
function tryRemove(path: string): string | undefined {
  for (const directory of directoriesOf(path)) {
    try {
      rmdirSync(directory);
    } catch (error) {
      if (!isGone(error)) return (error as NodeJS.ErrnoException).code ?? String(error);
    }
  }
  return undefined;
}

/** gc is synchronous throughout; nothing else waits for this thread. */
function pauseMs(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
