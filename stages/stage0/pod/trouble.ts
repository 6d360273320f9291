import { type PodEvent, readEvents } from './events.ts';
import { describeHookFailure, hookFailures } from './hook-failures.ts';
import { failedProbeOf } from './probe-status.ts';
import { type AppRecord, readRecord } from './record.ts';

/** What an exit code does not show, one line each: failed hooks and probes, out of memory, apps that never started. */
export function troubleLines(podPath: string): string[] {
  const events = readEvents(podPath);
  if (!events.some(isTrouble)) return [];
  return (readRecord(podPath)?.apps ?? []).flatMap((app) => {
    const own = events.filter((event) => 'app' in event && event.app === app.name);
    return [...hookFailures(own, app).map((failure) => describeHookFailure(app.name, failure)), ...ends(own, app)];
  });
}

function isTrouble(event: PodEvent): boolean {
  if (event.e === 'app-exited') return event.oom !== 0 || event.unhealthy === 1;
  // An app that was skipped because the pod was stopped is not reported.
  return event.e === 'hook-failed' || (event.e === 'app-skipped' && event.because !== undefined);
}

/** Reports only the last instance; earlier ones were restarted as intended. */
function ends(own: readonly PodEvent[], { name }: AppRecord): string[] {
  const last = own.findLastIndex((event) => event.e === 'app-exited' || event.e === 'app-skipped');
  const event = own[last];
  if (event?.e === 'app-skipped') return event.because === undefined ? [] : [skipped(name, event.because)];
  if (event?.e !== 'app-exited') return [];
  const lines: string[] = [];
  if (event.oom !== 0) lines.push(`app "${name}": out of memory, the kernel killed one of its processes`);
  if (event.unhealthy === 1)
    lines.push(`app "${name}": ended because its probe failed, ${failedProbeOf(own.slice(0, last))}`);
  return lines;
}

function skipped(name: string, because: string): string {
  return `app "${name}": not started, because its condition for app "${because}" can no longer be met`;
}
