import { mkdtempSync, readdirSync, writeFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after } from 'node:test';
import { type CliOptions, type CliResult, pod } from '../../harness/pod-cli.ts';

export interface KeptRun extends CliResult {
  /** Of `--timings`, in order. */
  readonly phases: readonly string[];
  /** The manifest was neither parsed nor planned. */
  readonly isFromKept: boolean;
}

const PHASE = /^([a-z]+) +\d+\.\d\d ms\n?/gm;

/** `pod run --timings ARGS…` to its end; what it tells of its phases is taken out of standard error. */
export async function runTimed(root: string, args: readonly string[], options: CliOptions = {}): Promise<KeptRun> {
  const result = await pod(['run', '--timings', ...args], { ...options, root });
  const phases = Array.from(result.stderr.matchAll(PHASE), ([, name]) => name!);
  if (!phases.includes('total')) throw new Error(`pod run: exit ${result.exitCode}\n${result.stderr}`);
  const stderr = result.stderr.replace(/^PHASE +TOOK\n?/m, '').replaceAll(PHASE, '');
  return { ...result, stderr, phases, isFromKept: !phases.includes('parse') && !phases.includes('plan') };
}

/** A folder for manifests and what they refer to, for the tests of one file. Not under /tmp, which may be a tmpfs. */
export class Folder {
  readonly dir: string = mkdtempSync('/var/tmp/pod-kept-');

  constructor() {
    after(() => rmSync(this.dir, { recursive: true, force: true }));
  }

  path(name: string): string {
    return join(this.dir, name);
  }

  write(name: string, content: string): string {
    writeFileSync(this.path(name), content);
    return this.path(name);
  }
}

/** The files of what was kept. */
export function plansIn(root: string): string[] {
  return readdirSync(`${root}/plans`).map((name) => `${root}/plans/${name}`);
}
