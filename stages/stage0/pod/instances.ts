import { type PodEvent, toTime } from './events.ts';

/** Times as log lines have them: from the first on, before the second, which an instance that has no successor lacks. */
export interface Span {
  readonly from: string;
  readonly until?: string;
}

/**
 * When the instance of the app before the current one ran; while the app waits to be started again, that is the last. Undefined
 * when it was never started again.
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

/** RFC 3339 with nanoseconds. The journal's microseconds are rounded down: a line is never earlier than its instance. */
function lineTime(ms: number): string {
  const whole = Math.floor(ms);
  const micros = Math.round((ms - whole) * 1000);
  const [at, fraction] = micros === 1000 ? [whole + 1, 0] : [whole, micros];
  return toTime(at).replace('Z', `${String(fraction).padStart(3, '0')}000Z`);
}
