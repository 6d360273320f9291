import { rmSync, writeFileSync } from 'node:fs';
import type { RunningPod } from '../cli/launch-api.ts';
import { removePod } from '../gc/remove.ts';
import { signalPod, stopPod } from '../launch/control.ts';
import { namesIn, parseObject, readIfThere } from '../pod/files.ts';
import { isLocked } from '../pod/lock.ts';
import { readRecord } from '../pod/record.ts';
import { PodStore } from '../pod/store.ts';
import { waitForPod } from '../pod/wait.ts';
import { type Room, retakeRoom, roomPath } from './room.ts';

/** A file beside the lock of a room whose pods are kept for the next run. */
const NOTE = 'reuse.json';

interface Note {
  readonly environment: string;
  /** Key of everything that the environment is made from. */
  readonly key: string;
  /** In the order of their places. */
  readonly uuids: readonly string[];
}

export interface Left {
  readonly room: Room;
  readonly running: readonly RunningPod[];
}

export function mayReuse(env: NodeJS.ProcessEnv = process.env): boolean {
  return env['POD_TEST_REUSE'] === '1';
}

export function noteForReuse(root: string, room: Room, note: Note): void {
  writeFileSync(`${roomPath(root, room.number)}/${NOTE}`, JSON.stringify(note), { mode: 0o600 });
}

/** Called when the room's pods are gone, or will end with their process. */
export function forgetNote(root: string, room: Room): void {
  rmSync(`${roomPath(root, room.number)}/${NOTE}`, { force: true });
}

/**
 * Takes over pods that an earlier run left up and that nobody uses. Removes pods of the same environment that were made from
 * something else.
 */
export async function takeLeft(root: string, environment: string, key: string): Promise<Left | undefined> {
  for (const number of roomsWithNotes(root)) {
    if (readNote(root, number)?.environment !== environment) continue;
    const room = retakeRoom(root, number);
    // Another process uses the room, or has changed the note meanwhile.
    const note = room && readNote(root, number);
    if (!room || note?.environment !== environment) {
      room?.[Symbol.dispose]();
      continue;
    }
    // The note stays while the pods are in use: when this process dies, its room lock is released and the next run finds them
    // again.
    const pods = note.uuids.map((uuid) => leftPod(root, uuid));
    const running = pods.filter((pod) => pod !== undefined);
    if (note.key === key && running.length === pods.length) return { room, running };
    await Promise.all(note.uuids.map((uuid) => end(root, uuid)));
    forgetNote(root, room);
    room[Symbol.dispose]();
  }
  return undefined;
}

function roomsWithNotes(root: string): number[] {
  return namesIn(`${root}/rooms`).map(Number);
}

function readNote(root: string, room: number): Note | undefined {
  return parseObject(readIfThere(`${roomPath(root, room)}/${NOTE}`) ?? '') as Note | undefined;
}

/** Presents the pod as if this process had started it; the pod continues when this process ends. */
function leftPod(root: string, uuid: string): RunningPod | undefined {
  const pod = new PodStore(root).locate(uuid);
  const record = pod?.state === 'run' && isLocked(pod.path) ? readRecord(pod.path) : undefined;
  if (!pod || !record) return undefined;
  return {
    uuid,
    name: record.name,
    path: pod.path,
    ips: record.network.ips,
    apps: record.apps.map(({ name }) => name),
    // This process has no connection to the pod's monitor.
    exit: new Promise(() => undefined),
    stop: async (options = {}) => stopPod(pod.path, options),
    kill: async (signal) => signalPod(pod.path, undefined, signal),
    release: () => undefined,
    lifeline: { cut: () => end(root, uuid), letGo: () => undefined },
  };
}

async function end(root: string, uuid: string): Promise<void> {
  const store = new PodStore(root);
  const pod = store.locate(uuid);
  if (pod?.state === 'run' && isLocked(pod.path)) {
    await stopPod(pod.path, { graceMs: 0 });
    await waitForPod(store, uuid, 'exit');
  }
  await removePod(root, uuid);
}
