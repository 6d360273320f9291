import { type PodEvent, toTime } from './events.ts';

/** Times in the format of log lines: includes `from`, excludes `until`. An instance without a successor has no `until`. */
export interface Span {
  readonly from: string;
  readonly until?: string;
}

/**
 * The time span of the app's instance before the current one. While the app waits for a restart, that is the last instance.
 * Undefined when the app was never restarted.
 */
export function previousInstance(events: readonly PodEvent[], app: string): Span | undefined {
  const starts: string[] = [];
  let isWaiting = false;
  for (const event of events) {
    if (event.e === 'stopping') isWaiting = false;
    if (!('app' in event) || event.app !== app) continue;
    if (event.e === 'app-started') starts.push(lineTime(event.t));
    if (event.e === 'app-backoff' || event.e === 'app-waiting') isWaiting = true;
    else if (event.e === 'app-started' || event.e === 'app-given-up') isWaiting = false;
  }
  if (isWaiting) return starts.length === 0 ? undefined : { from: starts.at(-1)! };
  return starts.length < 2 ? undefined : { from: starts.at(-2)!, until: starts.at(-1)! };
}

/** RFC 3339 with nanoseconds. The journal's microseconds are rounded down, so that no line is earlier than its instance. */
function lineTime(ms: number): string {
  const whole = Math.floor(ms);
  const micros = Math.round((ms - whole) * 1000);
  const [at, fraction] = micros === 1000 ? [whole + 1, 0] : [whole, micros];
  return toTime(at).replace('Z', `${String(fraction).padStart(3, '0')}000Z`);
}
