import type { ExecOptions, RunningExec } from '../cli/launch-api.ts';
import { Executor } from './executor.ts';

/** Starts a process in a running app, under the app's isolators. Resolves when the process has been executed. */
export async function execInPod(podDir: string, { app, ...command }: ExecOptions): Promise<RunningExec> {
  using executor = new Executor(podDir, app);
  return await executor.start(command);
}
