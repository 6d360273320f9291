import { errnoMessage } from '../../linux/errno.ts';
import type { PodEvent, ProbeEvent } from '../pod/events.ts';
import { messageOf } from '../pod/outcome.ts';

/** Members that say nothing when they are 0. */
const QUIET_WHEN_0: ReadonlySet<string> = new Set(['signal', 'oom']);

/** `app-exited nginx code=1`: the kind, the app, and what else the line of the journal holds. */
export function eventText(event: PodEvent | LooseEvent): string {
  const { t: _time, e, app, ...members } = inWords(event) as Readonly<Record<string, unknown>>;
  const details = Object.entries(members)
    .filter(([name, value]) => value !== undefined && !(value === 0 && QUIET_WHEN_0.has(name)))
    .map(
      ([name, value]) => `${name}=${typeof value === 'string' && !value.includes(' ') ? value : JSON.stringify(value)}`,
    );
  return [e, ...(typeof app === 'string' ? [app] : []), ...details].join(' ');
}

/** Numbers a person would have to look up. */
function inWords(event: PodEvent | LooseEvent): object {
  if (event.e === 'probe') {
    const { outcome: _outcome, number: _number, text: _text, ...rest } = event as PodEvent & ProbeEvent;
    const message = messageOf(event as ProbeEvent);
    return { ...rest, ...(message === null ? {} : { outcome: message }) };
  }
  if ('errno' in event && typeof event.errno === 'number' && event.errno !== 0)
    return { ...event, errno: errnoMessage(event.errno) };
  return event;
}

interface LooseEvent {
  readonly t: number;
  readonly e: string;
  readonly [member: string]: unknown;
}
