// cgroups(7): a frozen process runs no instruction until it is thawed; version 1 keeps even SIGKILL from it

import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { connectIn, sendWithFds } from '../../linux/socket.ts';
import { encodeMessage } from '../../stage1/message.ts';
import { PodError } from '../error.ts';
import { appendEvent } from '../pod/events.ts';
import { readIfThere } from '../pod/files.ts';
import { POD_FILES } from '../pod/layout.ts';
import { findFreezer, type Freezer, isPaused } from '../pod/paused.ts';
import type { PodDir } from '../pod/store.ts';
import { isRefusal } from '../refusal.ts';
import { LOOK_MS } from './stopped-init.ts';

type Pod = Pick<PodDir, 'uuid' | 'path'>;

/** All processes freeze within some milliseconds, except one that hangs in the kernel, which cannot be frozen. */
const PATIENCE_MS = 5000;
const LOOK_AGAIN_MS = 2;

/** Freezes every process of the pod, including init, until `resumePod`. Resolves when all are frozen. */
export async function pausePod(pod: Pod): Promise<void> {
  const freezer = findFreezer(pod);
  if (!freezer) {
    if (!existsSync(pod.path)) throw hasEnded(pod);
    throw new PodError('host/unsupported', `pause pod ${pod.uuid}: no freezer cgroup contains it`, {
      hint:
        process.geteuid!() === 0
          ? 'a cgroup version 2 tree or the version 1 freezer must be mounted before the pod is started'
          : 'a normal user can pause pods in a delegated cgroup: systemd-run --user --scope -p Delegate=yes pod run …',
    });
  }
  if (isPaused(pod)) return;
  markPaused(pod);
  try {
    if (!unlessGone(() => writeFileSync(freezer.path, freezer.frozen))) throw hasEnded(pod);
    await untilFrozen(pod, freezer);
    if (!note(pod, 'pod-paused')) throw hasEnded(pod);
  } catch (error) {
    resumePod(pod);
    throw error;
  }
}

function hasEnded({ uuid }: Pod): PodError {
  return new PodError('pod/state', `pause pod ${uuid}: it has just ended`);
}

/**
 * Returns false when the file is gone with the pod: when a pod ends, even a frozen one that is killed, its directory moves and its
 * cgroup is removed.
 */
function unlessGone(write: () => void): boolean {
  try {
    write();
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENODEV') return false;
    throw error;
  }
}

function markPaused(pod: Pod): void {
  const mark = `${process.hrtime.bigint()}\n`;
  if (!unlessGone(() => writeFileSync(`${pod.path}/${POD_FILES.paused}`, mark, { mode: 0o600 }))) throw hasEnded(pod);
}

/** Resumes the pod. Returns true when it was paused. */
export function resumePod(pod: Pod): boolean {
  const wasPaused = isPaused(pod);
  if (wasPaused) {
    tellFrozenTime(pod);
    thaw(pod);
  }
  rmSync(`${pod.path}/${POD_FILES.paused}`, { force: true });
  if (wasPaused) note(pod, 'pod-resumed');
  return wasPaused;
}

/** Init reads this message before it looks at its clock, so the time limits of its probes do not include the pause. */
function tellFrozenTime({ path }: Pod): void {
  const since = /^\d+$/.exec(readIfThere(`${path}/${POD_FILES.paused}`)?.trim() ?? '');
  // A crash tore the mark.
  if (!since) return;
  try {
    using socket = connectIn(path, 'control', LOOK_MS);
    sendWithFds(socket.number, encodeMessage({ type: 'resumed', d: process.hrtime.bigint() - BigInt(since[0]) }), []);
  } catch (error) {
    // A killed init needs no message; an init with a full backlog is resumed all the same.
    if (!isRefusal(error)) throw error;
  }
}

function thaw(pod: Pod): void {
  const freezer = findFreezer(pod);
  if (freezer) unlessGone(() => writeFileSync(freezer.path, freezer.thawed));
}

async function untilFrozen(pod: Pod, freezer: Freezer): Promise<void> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  while (!isFrozen(freezer)) {
    if (!existsSync(freezer.path)) throw hasEnded(pod);
    if (performance.now() > deadlineMs) {
      throw new PodError('host/refused', `pause pod ${pod.uuid}: a process of it does not stop`, {
        hint: 'the process hangs in the kernel, where it cannot be frozen; the pod keeps running',
      });
    }
    await delay(LOOK_AGAIN_MS);
  }
}

function isFrozen({ path, frozen }: Freezer): boolean {
  if (!path.endsWith('/cgroup.freeze')) return readIfThere(path)?.trim() === frozen;
  const events = readIfThere(path.replace(/freeze$/, 'events')) ?? '';
  return events.includes('frozen 1');
}

/** Init normally writes the journal, but cannot run now. Returns false when the pod is gone. */
function note({ path }: Pod, e: 'pod-paused' | 'pod-resumed'): boolean {
  return unlessGone(() => appendEvent(path, { t: Date.now(), e }));
}
