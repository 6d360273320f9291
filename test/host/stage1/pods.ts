import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { run } from '../../../stages/stage0/index.ts';
import type { Pod } from '../../../stages/stage0/index.ts';
import { readEvents, type PodEvent } from '../../../stages/stage0/pod/events.ts';
import { PodStore } from '../../../stages/stage0/pod/store.ts';

type Json = Readonly<Record<string, unknown>>;

/** An app that is a shell script on the host's own image. */
export function shell(name: string, script: string, more: Json = {}): Json {
  return { name, image: 'host', exec: ['/bin/sh', '-c', script], ...more };
}

/** A pod without a network: these tests are about processes. */
export function start(root: string, name: string, ...apps: readonly Json[]): Promise<Pod> {
  const manifest = { apiVersion: 'pod/v1', kind: 'Pod', metadata: { name }, network: { mode: 'none' }, apps };
  return run(manifest, { root });
}

/** Where the pod's directory is at the moment. */
export function pathOf(root: string, pod: Pod): string {
  const found = new PodStore(root).locate(pod.uuid);
  if (!found) throw new Error(`pod ${pod.uuid} is gone`);
  return found.path;
}

export function eventsOf(root: string, pod: Pod): readonly PodEvent[] {
  return readEvents(pathOf(root, pod));
}

/** Waits until the app has written the line; its log file tells when to look again. */
export async function untilLogged(root: string, pod: Pod, text: string, times = 1): Promise<void> {
  const watcher = watch(`${pathOf(root, pod)}/logs`);
  try {
    while (pod.logs().filter((entry) => entry.text.includes(text)).length < times) await once(watcher, 'change');
  } finally {
    watcher.close();
  }
}

/** `key:` of /proc/PID/status. */
export function procStatus(pid: number, key: string): string {
  const line = readFileSync(`/proc/${pid}/status`, 'utf8')
    .split('\n')
    .find((candidate) => candidate.startsWith(`${key}:`));
  return line?.slice(key.length + 1).trim() ?? '';
}

export interface PodProcesses {
  readonly app: number;
  readonly init: number;
  readonly monitor: number;
}

/** Host pids of the pod's first app, its init and the monitor above it. */
export function processesOf(pod: Pod): PodProcesses {
  const app = pod.status()?.apps[0]?.pid;
  if (!app) throw new Error('the first app has no pid');
  const init = Number(procStatus(app, 'PPid'));
  return { app, init, monitor: Number(procStatus(init, 'PPid')) };
}
