import { pod } from '../../harness/pod-cli.ts';

type Json = Readonly<Record<string, unknown>>;

export interface Isolated {
  readonly app?: Json;
  readonly pod?: Json;
  /** Members that are added to the app. */
  readonly more?: Json;
  readonly volumes?: readonly Json[];
}

/** Runs a shell command to its end in a pod with these isolators. */
export function runIsolated(root: string, command: string, isolators: Isolated): ReturnType<typeof pod> {
  const app = {
    name: 'shell',
    image: 'host',
    exec: ['/bin/bash', '-c', command],
    isolators: isolators.app ?? {},
    ...isolators.more,
  };
  const manifest = {
    apiVersion: 'pod/v1',
    kind: 'Pod',
    metadata: { name: 'isolated' },
    network: { mode: 'none' },
    ...(isolators.volumes ? { volumes: isolators.volumes } : {}),
    apps: [app],
    isolators: isolators.pod ?? {},
  };
  return pod(['run', '--rm', '-'], { root, input: JSON.stringify(manifest, null, 1) });
}

/** What the command wrote; it has to succeed. */
export async function outputOf(root: string, command: string, isolators: Isolated): Promise<string> {
  const { stdout, stderr, exitCode } = await runIsolated(root, command, isolators);
  if (exitCode !== 0) throw new Error(`exit ${exitCode}\n${stderr}\n${stdout}`);
  return stdout.trim();
}
