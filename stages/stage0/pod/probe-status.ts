import { type PodEvent, type ProbeEvent, toTime } from './events.ts';
import { messageOf } from './outcome.ts';

export interface ProbeStatus {
  readonly probe: ProbeEvent['probe'];
  readonly passed: boolean;
  /** Why the last recorded try failed: "connection refused", "status 503"; null when it did not fail. */
  readonly message: string | null;
  readonly since: string;
}

/** Whether the app is ready, by its own events since its last start; `ready` is in each event that could have changed it. */
export function isReady(own: readonly PodEvent[]): boolean {
  const last = own.findLast((event) => event.e === 'app-started' || event.e === 'probe');
  // An older init without probes does not report `ready`: there, an app that has started is ready.
  return last !== undefined && 'ready' in last ? last.ready === 1 : last !== undefined;
}

export function probeStatuses(own: readonly PodEvent[]): ProbeStatus[] {
  const lastStart = own.findLastIndex((event) => event.e === 'app-started');
  const latest = new Map<string, ProbeStatus>();
  for (const event of own.slice(lastStart + 1)) {
    if (event.e !== 'probe') continue;
    const passed = event.passed === 1;
    const known = latest.get(event.probe);
    const since = known?.passed === passed ? known.since : toTime(event.t);
    latest.set(event.probe, { probe: event.probe, passed, message: messageOf(event), since });
  }
  return [...latest.values()];
}

/** The probe result that ended an unhealthy app: the last try before its end. */
export function failedProbeOf(before: readonly PodEvent[]): string | null {
  const event = before.findLast((candidate) => candidate.e === 'probe');
  return event?.e === 'probe' ? `${event.probe}: ${messageOf(event)}` : null;
}
