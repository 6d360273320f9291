import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { after } from 'node:test';
import { capabilityNames } from '../../stages/linux/capabilities.ts';
import { type ExecResult, type Pod, PodError, PodErrors, run } from '../../stages/stage0/index.ts';
import { PROBE } from '../harness/paths.ts';
import { Canary } from './canary.ts';

export type Json = Readonly<Record<string, unknown>>;

/** Where the probe is in images made here. */
export const INSIDE = '/probe';

/** A folder for images and volumes, with a canary in it, that goes with the file's tests. */
export function useScratch(): { readonly scratch: string; readonly canary: Canary } {
  const scratch = mkdtempSync('/var/tmp/pod-security-');
  const canary = new Canary(scratch);
  after(() => {
    canary.assertUntouched();
    rmSync(scratch, { recursive: true, force: true });
  });
  return { scratch, canary };
}

/** An image with nothing but the probe and the usual directories. */
export function newImage(dir: string): string {
  for (const name of ['etc', 'tmp']) mkdirSync(`${dir}/${name}`, { recursive: true });
  cpSync(PROBE, `${dir}${INSIDE}`);
  return dir;
}

export interface HostilePod {
  readonly image: string;
  /** One or more apps; `exec` is the probe waiting, unless it says otherwise. */
  readonly apps?: readonly Json[];
  readonly volumes?: readonly Json[];
  readonly pod?: Json;
}

/** For an app that nothing holds back but the namespaces, the mounts and the limits: every capability, no filter. */
export const UNBOUND: Json = {
  isolators: {
    'os/linux/capabilities-retain-set': { set: capabilityNames(effective()) },
    'os/linux/seccomp-retain-set': { set: ['@appc.io/all'] },
  },
};

/** Of this process: what the machine has taken from its root no pod can have either. */
function effective(): bigint {
  const [, digits] = /^CapEff:\s*([0-9a-f]+)/m.exec(readFileSync('/proc/self/status', 'latin1')) ?? [];
  return BigInt(`0x${digits}`);
}

let made = 0;

export function startPod(root: string, { image, apps = [{}], volumes = [], pod = {} }: HostilePod): Promise<Pod> {
  return run(
    {
      apiVersion: 'pod/v1',
      kind: 'Pod',
      metadata: { name: `hostile-${made++}` },
      network: { mode: 'none' },
      volumes,
      apps: apps.map((app, index) => ({
        name: `app${index}`,
        image: image === 'host' ? image : `dir:${image}`,
        exec: [INSIDE, 'hold'],
        stop: { signal: 'SIGKILL' },
        ...app,
      })),
      ...pod,
    },
    { root },
  );
}

/** Runs a pod to its end; or the first error that refused it. */
export async function endOf(starting: Promise<Pod>): Promise<{ code: number; output: string } | PodError> {
  try {
    await using pod = await starting;
    const code = await pod.exit;
    return {
      code,
      output: pod
        .logs()
        .map(({ text }) => text)
        .join('\n'),
    };
  } catch (error) {
    if (error instanceof PodErrors) return error.errors[0]!;
    if (error instanceof PodError) return error;
    throw error;
  }
}

/** The JSON a subcommand of the probe prints, as a command of an app. */
export async function probe<T>(
  pod: Pod,
  args: readonly string[],
  settings: Parameters<Pod['exec']>[1] = {},
): Promise<T> {
  const result: ExecResult = await pod.exec([INSIDE, ...args], settings);
  assert.equal(result.exitCode, 0, `${args.join(' ')}: ${result.stdout} ${result.stderr}`);
  return JSON.parse(result.stdout) as T;
}
