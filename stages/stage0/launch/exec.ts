import type { ExecOptions, RunningExec } from '../cli/launch-api.ts';
import { Executor } from './executor.ts';

/** Starts a process in a running app, under the app's isolators. Resolves when the process has been executed. */
export async function execInPod(podDir: string, { app, stdio, ...command }: ExecOptions): Promise<RunningExec> {
  using executor = new Executor(podDir, app);
  const streams = typeof stdio === 'function' ? await stdio(executor.isLabelled) : stdio;
  return await executor.start({ ...command, stdio: streams });
}
