import { watch } from 'node:fs';
import { once } from 'node:events';
import { execFileSync } from 'node:child_process';
import type { Pod } from '../../../stages/stage0/index.ts';
import type { AppStatus } from '../../../stages/stage0/pod/app-status.ts';
import { pathOf } from './pods.ts';

type Json = Readonly<Record<string, unknown>>;

/** Often and strict, so that tests take no time. */
export const QUICK = { period: '50ms', timeout: '5s', failures: 1 } as const;

export function sh(script: string, more: Json = {}): Json {
  return { exec: ['/bin/sh', '-c', script], ...QUICK, ...more };
}

export function appOf(pod: Pod, name: string): AppStatus {
  const app = pod.status()?.apps.find((candidate) => candidate.name === name);
  if (!app) throw new Error(`no app ${name}`);
  return app;
}

/** Waits until the app is as wanted; the journal tells when to look again. */
export async function untilApp(
  root: string,
  pod: Pod,
  name: string,
  isWanted: (app: AppStatus) => boolean,
): Promise<AppStatus> {
  const watcher = watch(`${pathOf(root, pod)}/events`);
  try {
    for (;;) {
      const app = appOf(pod, name);
      if (isWanted(app)) return app;
      await once(watcher, 'change', { signal: AbortSignal.timeout(30_000) }).catch((error: unknown) => {
        throw new Error(`app ${name} stays ${JSON.stringify(app)}`, { cause: error });
      });
    }
  } finally {
    watcher.close();
  }
}

export function messageOf(app: AppStatus, probe = 'ready'): string | null | undefined {
  return app.probes.find((candidate) => candidate.probe === probe)?.message;
}

export async function untilReady(root: string, pod: Pod, name: string, ready = true): Promise<AppStatus> {
  return untilApp(root, pod, name, (app) => app.ready === ready && (ready || app.probes.length > 0));
}

/** How many processes of the machine have the text in their command line. */
export function countProcesses(text: string): number {
  const lines = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).split('\n');
  return lines.filter((line) => line.includes(text)).length;
}
