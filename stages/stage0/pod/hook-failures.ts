import { errnoMessage } from '../../linux/errno.ts';
import { type PodEvent, toTime } from './events.ts';
import type { AppRecord } from './record.ts';

export interface HookFailure {
  readonly hook: string;
  /** Place of the hook in the manifest: `file:line:col`. */
  readonly at: string | null;
  readonly time: string;
  /** Description of the failure: `exited with 3`. */
  readonly problem: string;
}

/** The last failure of each hook, in order of time. */
export function hookFailures(events: readonly PodEvent[], app: AppRecord): HookFailure[] {
  const last = new Map<string, HookFailure>();
  for (const event of events) {
    if (event.e !== 'hook-failed') continue;
    const { hook, t } = event;
    last.delete(hook);
    last.set(hook, { hook, at: app.hooks?.[hook] ?? null, time: toTime(t), problem: hookProblem(event) });
  }
  return [...last.values()];
}

/** `exited with 3` */
export function hookProblem({ code, signal, late, errno }: Extract<PodEvent, { e: 'hook-failed' }>): string {
  if (late) return 'took longer than its time limit';
  if (errno) return `could not run: ${errnoMessage(errno)}`;
  return signal ? `was killed by signal ${signal}` : `exited with ${code}`;
}

/** `web.yaml:12:15: hook preStart of app "web": exited with 3` */
export function describeHookFailure(app: string, { hook, at, problem }: HookFailure): string {
  return `${at === null ? '' : `${at}: `}hook ${hook} of app "${app}": ${problem}`;
}
