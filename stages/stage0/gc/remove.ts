import { closeSync } from 'node:fs';
import { PodError } from '../error.ts';
import { releaseAll } from '../pod/claims.ts';
import { readFinal } from '../pod/events.ts';
import { POD_FILES } from '../pod/layout.ts';
import { isLedgerWhole, readLedger } from '../pod/ledger.ts';
import { isSameDir, tryLockDir } from '../pod/lock.ts';
import { releaseName } from '../pod/names.ts';
import { isPaused } from '../pod/paused.ts';
import { requireOwnRoot } from '../pod/own-root.ts';
import { readRecordIfReadable } from '../pod/record.ts';
import { removeOwn } from './remove-own.ts';
import { type PodDir, PodStore } from '../pod/store.ts';
import { releaseRangesOf } from '../pod/uid-ranges.ts';
import { detachMounts, readMountPoints } from './mounts.ts';
import { isSound, undoLedger } from './undo.ts';

/** How long the monitor may take to clean up between its final record and its exit. */
const MONITOR_EXIT_MS = 5000;
const RETRY_MS = 1;

/**
 * Removes a pod that is not alive: releases what it took from the host, then deletes its directory. May be killed at any point and
 * called again. Throws `pod/state` for a living pod; a pod that is gone is not an error. `mountPoints` allows reading the host's
 * mount points once for many removals. `isOurs`: the launch failed, and the caller held the lock.
 */
export async function removePod(
  root: string,
  uuid: string,
  mountPoints: readonly string[] = readMountPoints(),
  isOurs = false,
): Promise<void> {
  requireOwnRoot(root);
  const store = new PodStore(root);
  const lock = await lockDead(store, uuid, isOurs);
  if (!lock) return;
  try {
    // Before the pod moves, because its mount points would move too.
    detachMounts(lock.pod.path, uuid, mountPoints);
    const path = lock.pod.state === 'garbage' ? lock.pod.path : store.move(uuid, lock.pod.state, 'garbage');
    await undoPod(root, uuid, path);
    // Record and ledger go last, because they tell a later run what is left to do.
    await removeOwn(path, [POD_FILES.ledger, POD_FILES.manifest, POD_FILES.record]);
  } finally {
    closeSync(lock.fd);
  }
}

/** Releases what a dead pod holds outside its directory. The caller holds the pod's lock. */
export async function undoPod(root: string, uuid: string, path: string): Promise<void> {
  const ledger = readLedger(path);
  await undoLedger(root, uuid, ledger);
  const record = readRecordIfReadable(path);
  if (record && isLedgerWhole(path) && isSound(ledger, uuid)) return releaseName(root, record.name, uuid);
  // The pod died before its record was written, or a crash tore its files: its claims may be in no ledger.
  releaseAll(root, uuid);
  // Only root's pods have ranges.
  if (process.geteuid!() === 0) releaseRangesOf(root, uuid);
}

export interface DeadPod {
  readonly pod: PodDir;
  /** Holds the pod's lock. */
  readonly fd: number;
}

/** Takes the lock of a pod that is not alive; undefined when the pod is gone. */
async function lockDead(store: PodStore, uuid: string, isOurs = false): Promise<DeadPod | undefined> {
  const deadline = process.uptime() * 1000 + MONITOR_EXIT_MS;
  for (;;) {
    const pod = store.locate(uuid);
    if (!pod) return undefined;
    const found = tryLockAt(pod);
    if (found) return found;
    // In `garbage`, another process is about to finish the removal. After our own failed launch, killed processes may hold the lock
    // for a moment.
    const isLeaving = isOurs || pod.state === 'exited' || pod.state === 'garbage' || readFinal(pod.path) !== undefined;
    if (!isLeaving) throw alive(pod);
    if (process.uptime() * 1000 > deadline) {
      // Its starter is still reading what it left, and will remove it.
      if (pod.state === 'exited' && readRecordIfReadable(pod.path)?.autoRemove) return undefined;
      throw alive(pod);
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

/** Undefined when another process holds the lock, or moved the pod before the lock was taken. */
export function tryLockAt(pod: PodDir, take: typeof tryLockDir = tryLockDir): DeadPod | undefined {
  let fd: number | undefined;
  try {
    fd = take(pod.path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // ENOTDIR: somebody has put a file in the place of a pod's directory.
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
  if (fd === undefined) return undefined;
  if (isSameDir(fd, pod.path)) return { pod, fd };
  closeSync(fd);
  return undefined;
}

function alive(pod: PodDir): PodError {
  const isRunning = pod.state === 'run';
  const state = isRunning ? (isPaused(pod) ? 'paused' : 'running') : `busy in "${pod.state}"`;
  return new PodError('pod/state', `remove pod ${pod.uuid}: it is ${state}`, {
    hint: isRunning ? 'pod stop it first, or use pod rm --force' : undefined,
  });
}
