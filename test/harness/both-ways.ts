import { before, test } from 'node:test';
import { probeExec, type ProbePodOptions, probeTries, startHoldingPod } from './probe-pod.ts';
import type { ProbeTries } from './probe-report.ts';

type Check = (report: ProbeTries) => void;

/**
 * A process that `exec` starts is born under the same isolators as the app: what a test expects of one it expects of the other.
 * Returns a function that declares a test for each.
 */
export function probeBothWays(root: string, options: ProbePodOptions = {}): (name: string, check: Check) => void {
  let app: ProbeTries;
  let exec: ProbeTries;
  before(async () => {
    app = await probeTries(root, options);
    const name = `${options.name ?? 'probe'}-exec`;
    await startHoldingPod(root, { ...options, name });
    exec = await probeExec(root, name);
  });
  return (name, check) => {
    test(`${name}, for the app`, () => check(app));
    test(`${name}, for exec`, () => check(exec));
  };
}
