// cgroups(7): a frozen process runs no instruction until it is thawed; version 1 keeps even SIGKILL from it

import { rmSync, writeFileSync } from 'node:fs';
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

/** A process that hangs in the kernel cannot be frozen; all others are within some milliseconds. */
const PATIENCE_MS = 5000;
const LOOK_AGAIN_MS = 2;

/** Stops every process of the pod, its init too: nothing of it runs until `resumePod`. Resolves when all have stopped. */
export async function pausePod(pod: Pod): Promise<void> {
  const freezer = findFreezer(pod);
  if (!freezer) {
    throw new PodError('host/unsupported', `pause pod ${pod.uuid}: no freezer of this host has it`, {
      hint: 'a cgroup version 2 tree or the version 1 freezer must be mounted before the pod is started',
    });
  }
  if (isPaused(pod)) return;
  markPaused(pod);
  try {
    writeFileSync(freezer.path, freezer.frozen);
    await untilFrozen(pod, freezer);
    note(pod, 'pod-paused');
  } catch (error) {
    resumePod(pod);
    throw error;
  }
}

function markPaused({ uuid, path }: Pod): void {
  try {
    writeFileSync(`${path}/${POD_FILES.paused}`, `${process.hrtime.bigint()}\n`, { mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new PodError('pod/state', `pause pod ${uuid}: it has just ended`, { cause: error });
  }
}

/** True when it was paused. */
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

/** init takes it before it looks at its clock: the time limits of its probes did not run meanwhile. */
function tellFrozenTime({ path }: Pod): void {
  const since = /^\d+$/.exec(readIfThere(`${path}/${POD_FILES.paused}`)?.trim() ?? '');
  // Torn by a crash.
  if (!since) return;
  try {
    using socket = connectIn(path, 'control', LOOK_MS);
    sendWithFds(socket.number, encodeMessage({ type: 'resumed', d: process.hrtime.bigint() - BigInt(since[0]) }), []);
  } catch (error) {
    // One that was killed asks nobody; one that so many wait for is resumed all the same.
    if (!isRefusal(error)) throw error;
  }
}

function thaw(pod: Pod): void {
  const freezer = findFreezer(pod);
  if (freezer) writeFileSync(freezer.path, freezer.thawed);
}

async function untilFrozen({ uuid }: Pod, freezer: Freezer): Promise<void> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  while (!isFrozen(freezer)) {
    if (performance.now() > deadlineMs) {
      throw new PodError('host/refused', `pause pod ${uuid}: a process of it does not stop`, {
        hint: 'it hangs in the kernel, where it cannot be frozen; the pod goes on',
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

/** init is the journal's writer but cannot run. */
function note({ path }: Pod, e: 'pod-paused' | 'pod-resumed'): void {
  appendEvent(path, { t: Date.now(), e });
}
