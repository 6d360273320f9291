import { PodError } from '../../error.ts';
import { droppedNote } from '../../pod/dropped.ts';
import { describeHookFailure } from '../../pod/hook-failures.ts';
import { readHistory, toTime } from '../../pod/events.ts';
import { type Readiness, readReadiness } from '../../pod/readiness.ts';
import { type PodStatus, readStatus } from '../../pod/status.ts';
import { PodStore } from '../../pod/store.ts';
import type { PodResources, Resources } from '../../resources/in-force.ts';
import { waitForPod } from '../../pod/wait.ts';
import { renderProbes } from '../probe-table.ts';
import { onlyOperand, parseWait } from '../arguments.ts';
import { buryIfLeft } from '../bury.ts';
import { loadOpeners } from '../load-launch.ts';
import { eventText } from '../event-text.ts';
import { render } from '../format.ts';
import { appStateCell, stateCell } from '../state.ts';
import { age, printable, renderTable } from '../table.ts';
import { STDOUT, type Terminal } from '../terminal.ts';
import { type Invocation, outputFlag, type Verb } from '../verb.ts';

export const verb: Verb = {
  name: 'status',
  purpose:
    'Shows one pod: its apps, readiness, resource usage, the limits in force as read from the kernel, and recent events.',
  usage: ['pod status POD [--wait[=DUR]] [-o FORMAT]'],
  examples: [
    ['pod status web', 'show the pod named web'],
    ['pod status web --wait', 'wait until it is ready or has exited, then show it'],
    ['pod status web -o json', 'print the status for a program'],
  ],
  flags: [
    {
      name: 'wait',
      value: 'DUR',
      isValueOptional: true,
      help: 'wait until the pod is ready or has exited, at most DUR; exit 1 if DUR passes first',
    },
    outputFlag(),
  ],
  completes: ['pods', 'nothing'],
  run: status,
};

async function status(invocation: Invocation): Promise<number> {
  const { flags, root, terminal } = invocation;
  const store = new PodStore(root);
  const { uuid } = store.find(onlyOperand(invocation, 'POD'));
  const limit = flags.value('wait');
  if (limit !== undefined) {
    const timeoutMs = limit === '' ? undefined : parseWait(limit, '--wait');
    await waitForPod(store, uuid, 'ready-or-exit', { timeoutMs });
  }
  const found = readStatus(store, uuid);
  if (found?.state === 'exited') await buryIfLeft(store, uuid);
  if (!found) throw new PodError('pod/not-found', `read the status of pod ${uuid}: it was removed`);
  const shown = await render(flags.value('output') ?? 'table', {
    value: () => withResources(store, found),
    names: () => [found.uuid],
    text: () => renderAll(terminal, store, found),
  });
  terminal.out(shown);
  return 0;
}

async function renderAll(terminal: Terminal, store: PodStore, pod: PodStatus): Promise<string> {
  const text = renderStatus(terminal, pod, readReadiness(store, pod.uuid));
  return `${text}${await renderUsed(terminal, store, pod)}${renderEvents(terminal, store, pod)}`;
}

/** Only this verb shows it, so only this verb loads what reads it. */
async function resourcesOf(store: PodStore, status: PodStatus): Promise<PodResources | undefined> {
  const pod = status.state === 'running' || status.state === 'paused' ? store.locate(status.uuid) : undefined;
  if (!pod) return undefined;
  const { readResources } = await import('../../resources/in-force.ts');
  const { readCgroupFacts } = await import('../../cgroup/hierarchies.ts');
  const openers = process.geteuid!() === 0 ? await loadOpeners() : undefined;
  return readResources({ status, path: pod.path, facts: readCgroupFacts(), openers });
}

/** `inForce` and `usage` of the pod and of each app; null when it does not run. */
async function withResources(store: PodStore, pod: PodStatus): Promise<object> {
  const resources = await resourcesOf(store, pod);
  const pick = (one: Resources | undefined): object => ({ inForce: one?.inForce ?? null, usage: one?.usage ?? null });
  const apps = pod.apps.map((app) => ({ ...app, ...pick(resources?.apps[app.name]) }));
  return { ...pod, ...pick(resources), apps };
}

async function renderUsed(terminal: Terminal, store: PodStore, pod: PodStatus): Promise<string> {
  const resources = await resourcesOf(store, pod);
  return resources ? (await import('../resource-tables.ts')).renderResources(terminal, resources) : '';
}

const DEATHS: Readonly<Record<NonNullable<PodStatus['death']>, string>> = {
  'init-killed': 'its init was killed, and took the apps with it',
  'supervisors-killed': 'its monitor and its init were killed',
  'host-restarted': 'the host was restarted while it ran',
};

const LAST_EVENTS = 8;

/** Only what a person looks at: a program has `pod events -o json`. */
function renderEvents(terminal: Terminal, store: PodStore, { uuid }: PodStatus): string {
  const pod = store.locate(uuid);
  const events = pod ? readHistory(pod.path).slice(-LAST_EVENTS) : [];
  if (events.length === 0) return '';
  const lines = events.map(
    (event) => `${terminal.paint(STDOUT, 'dim', toTime(event.t))}  ${printable(eventText(event))}\n`,
  );
  return `\n${terminal.paint(STDOUT, 'dim', 'LAST EVENTS')}\n${lines.join('')}`;
}

function readyText({ isReady, never, notYet }: Readiness): string {
  if (isReady) return 'yes';
  return never === undefined ? `not yet: ${notYet}` : `no: ${never}`;
}

function renderStatus(terminal: Terminal, pod: PodStatus, readiness: Readiness): string {
  const { text, style } = stateCell(pod);
  const facts: [string, string][] = [
    ['pod', `${pod.name ?? '-'} (${pod.uuid})`],
    ['state', style ? terminal.paint(STDOUT, style, text) : text],
    ['ready', printable(readyText(readiness))],
    ['created', ago(pod.createdAt)],
    ['started', ago(pod.startedAt)],
  ];
  if (pod.finishedAt !== null) facts.push(['finished', ago(pod.finishedAt)]);
  if (pod.death !== null) facts.push(['death', DEATHS[pod.death]]);
  facts.push(['network', [pod.network.mode, ...pod.network.ips].join(' ')]);
  if (pod.manifest) facts.push(['manifest', `${printable(pod.manifest.path)} (${pod.manifest.digest})`]);
  const labels = Object.entries(pod.labels).map(([key, value]) => `${key}=${value}`);
  if (labels.length > 0) facts.push(['labels', printable(labels.join(' '))]);
  const lines = facts.map(([name, value]) => `${terminal.paint(STDOUT, 'dim', name.padEnd(8))}  ${value}\n`);
  const failures = pod.apps.flatMap(({ name, hookFailures }) =>
    hookFailures.map((failure) => `${printable(describeHookFailure(name, failure))}\n`),
  );
  const dropped = pod.apps.flatMap(({ name, logDropped }) => droppedNote(name, logDropped) ?? []);
  const notes = [...failures, ...dropped.map((note) => `${note}\n`)];
  const below = notes.length > 0 ? `\n${notes.join('')}` : '';
  return `${lines.join('')}\n${renderApps(terminal, pod)}${renderProbes(terminal, pod)}${below}`;
}

function renderApps(terminal: Terminal, pod: PodStatus): string {
  const rows = pod.apps.map((app) => [
    app.name,
    appStateCell(app),
    app.pid === null ? '-' : String(app.pid),
    String(app.restarts),
    app.startedAt === null ? '-' : age(Date.parse(app.startedAt)),
    app.image.ref,
  ]);
  return renderTable(terminal, ['APP', 'STATE', 'PID', 'RESTARTS', 'AGE', 'IMAGE'], rows);
}

function ago(time: string | null): string {
  return time === null ? '-' : `${time} (${age(Date.parse(time))} ago)`;
}
