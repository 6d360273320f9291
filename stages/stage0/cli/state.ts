import type { PodStatus } from '../pod/status.ts';
import type { AppEnd, AppStatus } from '../pod/app-status.ts';
import type { Cell } from './table.ts';
import type { Style } from './terminal.ts';

const STYLES: Readonly<Record<PodStatus['state'], Style>> = {
  preparing: 'yellow',
  prepared: 'yellow',
  running: 'green',
  paused: 'yellow',
  exited: 'dim',
  garbage: 'dim',
};

/** `running`, or `exited (1)` in red. */
export function stateCell(pod: PodStatus): Cell {
  if (pod.state === 'running' && pod.apps.some(isUnready)) return { text: 'running (not ready)', style: 'yellow' };
  if (pod.state !== 'exited') return { text: pod.state, style: STYLES[pod.state] };
  if (pod.exitCode === null) return { text: 'exited (unknown)', style: 'red' };
  return { text: `exited (${pod.exitCode})`, style: pod.exitCode === 0 ? 'dim' : 'red' };
}

function isUnready(app: AppStatus): boolean {
  return app.state === 'running' && !app.ready;
}

export function appStateCell(app: AppStatus): Cell {
  if (isUnready(app)) return { text: 'running (not ready)', style: 'yellow' };
  if (app.state === 'running') return { text: app.state, style: 'green' };
  if (app.state === 'waiting')
    return { text: app.reason === 'back-off' ? `back-off (${endText(app.lastExit)})` : app.state, style: 'yellow' };
  if (app.reason === 'dependency-failed') return { text: 'not started', style: 'red' };
  return { text: `exited (${endText(app)})`, style: app.exitCode === 0 ? 'dim' : 'red' };
}

function endText(end: AppEnd | null): string {
  if (end?.oomKilled && end.exitCode !== 0) return 'out of memory';
  if (end && end.failedProbe !== null) return `${end.failedProbe.split(':', 1)[0]} probe failed`;
  if (end && end.signal !== null) return `signal ${end.signal}`;
  return `${end?.exitCode ?? 'unknown'}`;
}
