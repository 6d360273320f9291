import { execa } from 'execa';
import { cliEnvironment, commandLine, pod } from './pod-cli.ts';
import { PROBE } from './paths.ts';
import type { ProbeReport, ProbeTries } from './probe-report.ts';

type Json = Readonly<Record<string, unknown>>;

/** Where the probe is inside a pod of these manifests. */
export const PROBE_INSIDE = '/probe';

export interface ProbePodOptions {
  readonly name?: string;
  /** Arguments of the probe, which is the app. */
  readonly args?: readonly string[];
  /** Members that are added to the app, or replace its own. */
  readonly app?: Json;
  /** The same for the pod. */
  readonly pod?: Json;
}

/** A manifest whose only app is the probe, on the host's own image. JSON is YAML. */
export function probeManifest({ name = 'probe', args = [], app = {}, pod: podFields = {} }: ProbePodOptions): string {
  const manifest = {
    apiVersion: 'pod/v1',
    kind: 'Pod',
    metadata: { name },
    volumes: [{ name: 'probe', kind: 'host', source: PROBE, readOnly: true }],
    apps: [
      {
        name: 'probe',
        image: 'host',
        exec: [PROBE_INSIDE, ...args],
        mounts: [{ volume: 'probe', path: PROBE_INSIDE }],
        ...app,
      },
    ],
    ...podFields,
  };
  return JSON.stringify(manifest);
}

/** Runs a pod to its end. */
export function runProbePod(root: string, options: ProbePodOptions): ReturnType<typeof pod> {
  return pod(['run', '--rm', '-'], { root, input: probeManifest(options) });
}

/** What the probe sees when it is the app. */
export async function probeApp(root: string, options: ProbePodOptions = {}): Promise<ProbeReport> {
  const { exitCode, stdout, stderr } = await runProbePod(root, options);
  if (exitCode !== 0) throw new Error(`the probe's pod: exit ${exitCode}\n${stderr}\n${stdout}`);
  return parseReport(stdout);
}

/** The same with everything a pod should be refused. */
export async function probeTries(root: string, options: ProbePodOptions = {}): Promise<ProbeTries> {
  return (await probeApp(root, { ...options, args: ['tries'] })) as ProbeTries;
}

/** What the probe sees when it is executed in a pod that runs already; `arguments_` go before the pod's name. */
export async function probeExec(root: string, podName: string, flags: readonly string[] = []): Promise<ProbeTries> {
  const { exitCode, stdout, stderr } = await pod(['exec', ...flags, podName, '--', PROBE_INSIDE, 'tries'], { root });
  if (exitCode !== 0) throw new Error(`exec of the probe: exit ${exitCode}\n${stderr}\n${stdout}`);
  return parseReport(stdout) as ProbeTries;
}

/** Starts a pod whose app waits to be stopped. */
export async function startHoldingPod(root: string, options: ProbePodOptions): Promise<void> {
  const manifest = probeManifest({ ...options, args: ['hold'] });
  await execa(process.execPath, commandLine(['run', '-d', '-'], root), {
    input: manifest,
    env: cliEnvironment(),
    extendEnv: false,
  });
}

/** A long line may come in pieces; the report itself holds no line breaks. */
export function parseReport(stdout: string): ProbeReport {
  return JSON.parse(stdout.replaceAll('\n', '')) as ProbeReport;
}
