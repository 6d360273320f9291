import { readUsage, type Usage } from '../../cgroup/usage.ts';
import { PodError } from '../../error.ts';
import { StatusReader, statusOf } from '../../pod/status.ts';
import { PodStore } from '../../pod/store.ts';
import { formatBytes } from '../bytes.ts';
import { cgroupsOf } from '../pod-cgroups.ts';
import { isForPeople, render } from '../format.ts';
import { renderTable, type Row } from '../table.ts';
import { isTerminal, STDOUT } from '../terminal.ts';
import { type Invocation, outputFlag, type Verb } from '../verb.ts';

export const verb: Verb = {
  name: 'stats',
  purpose: 'Shows the CPU, memory and process usage of running pods and their apps, updated every two seconds.',
  usage: ['pod stats [--no-stream] [-o FORMAT] [POD…]'],
  examples: [
    ['pod stats', 'show all running pods, until ^C'],
    ['pod stats --no-stream web', 'show one pod once'],
    ['pod stats --no-stream -o json', 'print once, for a program'],
  ],
  flags: [{ name: 'no-stream', help: 'show the usage once, after measuring for half a second' }, outputFlag()],
  notes: [
    'CPU is a share of one processor: 100 % means one processor is busy all the time. A row without an app is the pod as a whole.',
  ],
  completes: ['running'],
  run: stats,
};

const FIRST_MS = 500;
const EVERY_MS = 2000;

interface Subject {
  readonly uuid: string;
  readonly pod: string | null;
  readonly app: string | null;
}

interface Sample extends Subject, Usage {
  readonly takenAtMs: number;
}

interface Measured extends Subject, Usage {
  /** Of one processor, since the sample before. */
  readonly cpuPercent: number | undefined;
}

async function stats(invocation: Invocation): Promise<number> {
  const { flags, terminal } = invocation;
  const format = flags.value('output') ?? 'table';
  const isOnce = flags.has('no-stream');
  let before = take(invocation);
  for (let waitMs = FIRST_MS; ; waitMs = EVERY_MS) {
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    const now = take(invocation);
    const measured = now.map((sample) => measure(sample, before));
    const shown = await render(format, {
      value: () => measured.map(toJson),
      names: () => [...new Set(measured.map(({ uuid }) => uuid))],
      text: () => renderUsage(invocation, measured),
    });
    terminal.out(`${!isOnce && isForPeople(format) && isTerminal(STDOUT) ? CLEAR : ''}${shown}`);
    if (isOnce) return 0;
    before = now;
  }
}

/** Home, and erase what is below: less flicker than clearing first. */
const CLEAR = '\u001b[H\u001b[J';

function take({ operands, root }: Invocation): Sample[] {
  const store = new PodStore(root);
  const reader = new StatusReader(false);
  const wanted = operands.map((query) => store.find(query));
  const found = wanted.length > 0 ? wanted : store.list(['run']);
  const cgroups = new Map(found.map((pod) => [pod.uuid, cgroupsOf(pod)]));
  const pods = found.flatMap((pod) => {
    const status = statusOf(store, pod, reader);
    if (!status && wanted.length > 0)
      throw new PodError('pod/state', `read the usage of pod ${pod.uuid}: it was removed`);
    return status ?? [];
  });
  for (const { uuid, state } of wanted.length > 0 ? pods : []) {
    if (state !== 'running' && state !== 'paused')
      throw new PodError('pod/state', `read the usage of pod ${uuid}: it is ${state}`);
  }
  return pods
    .filter(({ state }) => state === 'running' || state === 'paused')
    .flatMap((pod) => {
      const apps = pod.apps.filter(({ state }) => state === 'running').map(({ name }) => name);
      return [null, ...(pod.apps.length > 1 ? apps : [])].map((app) => ({
        uuid: pod.uuid,
        pod: pod.name,
        app,
        ...readUsage(cgroups.get(pod.uuid)!, pod.uuid, app ?? undefined),
        takenAtMs: performance.now(),
      }));
    });
}

function measure({ takenAtMs, ...sample }: Sample, before: readonly Sample[]): Measured {
  const last = before.find(({ uuid, app }) => uuid === sample.uuid && app === sample.app);
  const used = last?.cpuUsec === undefined || sample.cpuUsec === undefined ? undefined : sample.cpuUsec - last.cpuUsec;
  return { ...sample, cpuPercent: used === undefined ? undefined : used / 10 / (takenAtMs - last!.takenAtMs) };
}

/** What the host does not tell is null, as in `pod status`. */
function toJson({ uuid, pod, app, ...numbers }: Measured): object {
  const known = Object.entries(numbers).map(([name, value]) => [name, value ?? null]);
  return { uuid, name: pod, app, ...(Object.fromEntries(known) as object) };
}

function renderUsage({ terminal }: Invocation, measured: readonly Measured[]): string {
  const header = ['POD', 'APP', 'CPU', 'MEMORY', 'LIMIT', 'PIDS', 'OOM KILLS'];
  return renderTable(terminal, header, measured.map(row));
}

function row({ uuid, pod, app, cpuPercent, memoryBytes, memoryLimitBytes, pids, pidsLimit, oomKills }: Measured): Row {
  return [
    pod ?? uuid.slice(0, 8),
    app ?? '-',
    cpuPercent === undefined ? '-' : `${cpuPercent.toFixed(1)} %`,
    memoryBytes === undefined ? '-' : formatBytes(memoryBytes),
    memoryLimitBytes === undefined ? '-' : formatBytes(memoryLimitBytes),
    `${pids ?? '-'}${pidsLimit === undefined ? '' : `/${pidsLimit}`}`,
    String(oomKills ?? '-'),
  ];
}
