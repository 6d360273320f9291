import { PodError } from '../error.ts';
import type { ExecResult } from '../library/pod.ts';
import { readReadiness } from '../pod/readiness.ts';
import type { Environment } from './environment.ts';
import { describePods } from './report.ts';
import type { TestPod } from './test-pod.ts';

/** Throws when `setup` returns a failed command or leaves a failed pod: every clone would have the same fault. */
export function requireSetUp(environment: Environment, result: unknown): void {
  const what = `set up environment "${environment.name}"`;
  const failed = [result].flat().find(isFailedCommand);
  if (failed) {
    const { exitCode, stdout, stderr } = failed;
    const said = (stderr.trim() || stdout.trim()).slice(-MOST_CHARACTERS);
    throw new PodError('test/setup', `${what}: a command of setup has ended with ${exitCode}${said && `:\n${said}`}`);
  }
  for (const pod of Object.values(environment.pods)) {
    const end = endOf(pod);
    if (end === undefined) continue;
    const message = `${what}: pod "${pod.name}" was not as it should be at the end: ${end}`;
    throw new PodError('test/setup', [message, describePods([{ pod }], { stayUp: false })].join('\n'));
  }
}

const MOST_CHARACTERS = 2000;

/** The value that `exec` resolves with. */
function isFailedCommand(value: unknown): value is ExecResult {
  const { exitCode, stdout, stderr } = (value ?? {}) as Partial<ExecResult>;
  return typeof exitCode === 'number' && exitCode !== 0 && typeof stdout === 'string' && typeof stderr === 'string';
}

/** A pod that setup has ended properly is not reported. */
function endOf(pod: TestPod): string | undefined {
  const { never } = readReadiness(pod.store, pod.uuid);
  return never === undefined || pod.status()?.exitCode === 0 ? undefined : never;
}
