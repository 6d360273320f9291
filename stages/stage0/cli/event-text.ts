import type { PodEvent } from '../pod/events.ts';

/** Members that say nothing when they are 0. */
const QUIET_WHEN_0: ReadonlySet<string> = new Set(['signal', 'oom']);

/** `app-exited nginx code=1`: the kind, the app, and what else the line of the journal holds. */
export function eventText({ t: _time, e, ...rest }: PodEvent | LooseEvent): string {
  const { app, ...members } = rest as Readonly<Record<string, unknown>>;
  const details = Object.entries(members)
    .filter(([name, value]) => value !== undefined && !(value === 0 && QUIET_WHEN_0.has(name)))
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return [e, ...(typeof app === 'string' ? [app] : []), ...details].join(' ');
}

interface LooseEvent {
  readonly t: number;
  readonly e: string;
  readonly [member: string]: unknown;
}
