import { run } from '../../../stages/stage0/index.ts';
import type { Pod } from '../../../stages/stage0/index.ts';

type Json = Readonly<Record<string, unknown>>;

export interface Ended {
  readonly code: number;
  readonly output: string;
  readonly pod: Pod;
}

/** A pod of one app on the host's image, without a network. */
export function start(root: string, exec: readonly string[], app: Json = {}, pod: Json = {}): Promise<Pod> {
  return run(manifestOf(exec, app, pod), { root });
}

export function manifestOf(exec: readonly string[], app: Json = {}, pod: Json = {}): Json {
  const apps = [{ name: 'app', image: 'host', exec, ...app }];
  return { apiVersion: 'pod/v1', kind: 'Pod', metadata: { name: 'guest' }, network: { mode: 'none' }, apps, ...pod };
}

export function shell(root: string, script: string, app: Json = {}, pod: Json = {}): Promise<Pod> {
  return start(root, ['/bin/sh', '-c', script], app, pod);
}

/** Runs to its end; `look` sees the pod before it is removed. */
export async function toEnd(starting: Promise<Pod>, look: (ended: Ended) => void): Promise<void> {
  const pod = await starting;
  const code = await pod.exit;
  try {
    look({
      code,
      output: pod
        .logs()
        .map(({ text }) => text)
        .join('\n'),
      pod,
    });
  } finally {
    await pod.remove();
  }
}
