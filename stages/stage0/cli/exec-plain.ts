import type { ExecOptions, LaunchApi } from './launch-api.ts';

export type ExecInPod = LaunchApi['execInPod'];

export interface ExecWants extends Pick<ExecOptions, 'argv' | 'app' | 'env' | 'user' | 'workingDirectory'> {
  readonly isInteractive: boolean;
}

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;

/** The command gets our own descriptors; nothing is copied. */
export async function execPlain(execInPod: ExecInPod, podPath: string, wants: ExecWants): Promise<number> {
  const { isInteractive, ...rest } = wants;
  const running = await execInPod(podPath, {
    ...rest,
    stdio: [isInteractive ? 0 : null, 1, 2],
    tty: false,
    ownsProcess: true,
  });
  const forward = (signal: NodeJS.Signals): void => {
    // The command may have ended in between; its exit is on its way.
    running.signal(signal).catch(() => undefined);
  };
  for (const signal of FORWARDED) process.on(signal, forward);
  try {
    return (await running.exit).exitCode;
  } finally {
    for (const signal of FORWARDED) process.off(signal, forward);
  }
}
