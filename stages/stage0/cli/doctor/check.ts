import { SyscallError } from '../../../linux/errno.ts';

/** What one trial found. */
export interface Finding {
  readonly status: 'OK' | 'limited' | 'missing';
  readonly detail: string;
  /** With `limited` and `missing`. */
  readonly remedy?: string;
}

export interface Check {
  readonly name: string;
  readonly run: () => Finding | Promise<Finding>;
}

/** OK when `trial` succeeds; otherwise missing, with the kernel's reason. */
export function tryIt(detail: string, remedy: string, trial: () => void): Finding {
  try {
    trial();
    return { status: 'OK', detail };
  } catch (error) {
    if (!(error instanceof SyscallError) && (error as NodeJS.ErrnoException).code === undefined) throw error;
    return { status: 'missing', detail: (error as Error).message, remedy };
  }
}
