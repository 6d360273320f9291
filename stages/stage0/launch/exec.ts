import type { ExecOptions, RunningExec } from '../cli/launch-api.ts';
import { Executor } from './executor.ts';

/** A new process in a running app, under the app's own isolators. Resolves when it has been executed. */
export async function execInPod(podDir: string, { app, ...command }: ExecOptions): Promise<RunningExec> {
  using executor = new Executor(podDir, app);
  return await executor.start(command);
}
