import { type ExecResult, type Pod, run } from '../../../stages/stage0/index.ts';

export type Json = Readonly<Record<string, unknown>>;

export interface ShellPodOptions {
  readonly volumes?: readonly Json[];
  /** Members of the one app, `main`; its image is the host's unless they say otherwise. */
  readonly app?: Json;
  /** Further apps. */
  readonly apps?: readonly Json[];
  readonly pod?: Json;
}

let made = 0;

/** A pod without a network whose apps wait to be used through `sh`. */
export function startShellPod(
  root: string,
  { volumes = [], app = {}, apps = [], pod = {} }: ShellPodOptions = {},
): Promise<Pod> {
  const waiting = { image: 'host', exec: ['/bin/sleep', '1000'], stop: { signal: 'SIGKILL' } };
  const manifest = {
    apiVersion: 'pod/v1',
    kind: 'Pod',
    metadata: { name: `shell-${made++}` },
    network: { mode: 'none' },
    volumes,
    apps: [{ name: 'main', ...waiting, ...app }, ...apps.map((one) => ({ ...waiting, ...one }))],
    ...pod,
  };
  return run(manifest, { root });
}

/** What a shell line prints in an app; its errors too. Throws when it fails. */
export async function sh(pod: Pod, line: string, app = 'main'): Promise<string> {
  const { exitCode, stdout } = await trySh(pod, line, app);
  if (exitCode !== 0) throw new Error(`${line}: exit ${exitCode}: ${stdout}`);
  return stdout.trimEnd();
}

export function trySh(pod: Pod, line: string, app = 'main'): Promise<ExecResult> {
  return pod.exec(['/bin/sh', '-c', `exec 2>&1; ${line}`], { app });
}
