import type { RunningPod, RunOptions } from '../cli/launch-api.ts';
import type { PodSpec } from '../manifest/spec.ts';
import { readPins } from '../pins/pins.ts';
import { compilePod } from './compile.ts';
import { identityOf } from './compiled.ts';
import { startPod } from './start.ts';

/** Starts a pod. Resolves when every app has started or the pod has already ended. Leaves nothing behind when it throws. */
export async function run(spec: PodSpec, options: RunOptions): Promise<RunningPod> {
  const pins = options.pins ?? readPins(options.baseDir, options.frozen);
  const { pod, program } = await compilePod(spec, { ...options, pins });
  return startPod({ identity: identityOf(spec), pod, program: () => program, options });
}
