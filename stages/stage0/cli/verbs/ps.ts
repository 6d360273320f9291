import { PodError, PodErrors, isKernelError } from '../../error.ts';
import { type PodStatus, StatusReader, statusOf } from '../../pod/status.ts';
import { PodStore } from '../../pod/store.ts';
import { noOperands } from '../arguments.ts';
import { buryIfLeft } from '../bury.ts';
import { isStructured, render } from '../format.ts';
import { parseSelector } from '../select.ts';
import { stateCell } from '../state.ts';
import { age, renderTable, type Row } from '../table.ts';
import { type Invocation, outputFlag, type Verb } from '../verb.ts';

export const verb: Verb = {
  name: 'ps',
  purpose: 'Lists pods that run or are about to run; with -a, also pods that have exited.',
  usage: ['pod ps [-a] [-l SELECTOR] [-o FORMAT]', 'pod ls, pod list'],
  examples: [
    ['pod ps', 'list running pods'],
    ['pod ps -a', 'list exited pods too'],
    ['pod ps -l tier=front -o name', 'print the uuids of the pods with this label'],
    ['pod stop $(pod ps -q)', '-q prints only the uuids: stop all running pods'],
    ['pod ps -o json', 'print all details, for a program'],
  ],
  flags: [
    { name: 'all', short: 'a', help: 'list exited pods too' },
    {
      name: 'selector',
      short: 'l',
      value: 'SELECTOR',
      help: 'list only pods whose labels match, such as tier=front,env!=test',
    },
    outputFlag(),
  ],
  run: ps,
};

async function ps(invocation: Invocation): Promise<number> {
  noOperands(invocation);
  const { flags, terminal, isQuiet } = invocation;
  const { pods, failures } = await listPods(invocation);
  // As with podman, for `pod stop $(pod ps -q)`.
  const format = flags.value('output') ?? (isQuiet ? 'name' : 'table');
  const rows = (isWide: boolean): Row[] => pods.map((pod) => row(pod, isWide));
  const shown = await render(format, {
    value: () => pods,
    names: () => pods.map(({ uuid }) => uuid),
    text: (isWide) => renderTable(terminal, header(isWide), rows(isWide)),
  });
  terminal.out(shown);
  if (failures.length > 0) throw new PodErrors(failures);
  return 0;
}

/** Newest first. One that cannot be read hides no other. */
async function listPods({ flags, root }: Invocation): Promise<{ pods: PodStatus[]; failures: PodError[] }> {
  const selector = flags.value('selector');
  const fits = selector === undefined ? undefined : parseSelector(selector);
  const states = flags.has('all') ? undefined : (['prepare', 'prepared', 'run'] as const);
  const store = new PodStore(root);
  const pods = store.list(states);
  const failures: PodError[] = [];
  if (pods.length === 0) return { pods: [], failures };
  const reader = new StatusReader(isStructured(flags.value('output') ?? 'table'));
  const found = pods.flatMap((pod) => {
    try {
      return [{ pod, status: statusOf(store, pod, reader) }];
    } catch (error) {
      failures.push(unreadable(pod.uuid, error));
      return [];
    }
  });
  for (const { pod, status } of found) {
    if (pod.state === 'run' && status?.state === 'exited') await buryIfLeft(store, pod.uuid);
  }
  const shown = found
    .flatMap(({ status }) => status ?? [])
    .filter((status) => flags.has('all') || (status.state !== 'exited' && status.state !== 'garbage'))
    .filter((status) => !fits || fits(status.labels))
    .toSorted((a, b) => compare(b.createdAt ?? '', a.createdAt ?? '') || compare(a.uuid, b.uuid));
  return { pods: shown, failures };
}

/** A disk that fails, or a directory in the place of a file. */
function unreadable(uuid: string, error: unknown): PodError {
  if (!isKernelError(error)) throw error;
  return new PodError('state/io', `read what is recorded of pod ${uuid}: ${error.message}`, {
    hint: `pod rm --force ${uuid} removes it`,
    cause: error,
  });
}

/** By code units: the collation of `localeCompare` takes a millisecond to load. */
function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function header(isWide: boolean): string[] {
  const columns = ['UUID', 'NAME', 'STATE', 'APPS', 'AGE', 'IP'];
  return isWide ? [...columns, 'NETWORK', 'LABELS', 'MANIFEST'] : columns;
}

function row(pod: PodStatus, isWide: boolean): Row {
  const running = pod.apps.filter((app) => app.state === 'running').length;
  const columns = [
    isWide ? pod.uuid : pod.uuid.slice(0, 8),
    pod.name ?? '-',
    stateCell(pod),
    `${running}/${pod.apps.length}`,
    pod.createdAt === null ? '-' : age(Date.parse(pod.createdAt)),
    (isWide ? pod.network.ips.join(',') : pod.network.ips[0]) || '-',
  ];
  if (!isWide) return columns;
  const labels = Object.entries(pod.labels).map(([key, value]) => `${key}=${value}`);
  return [...columns, pod.network.mode, labels.join(',') || '-', pod.manifest?.path ?? '-'];
}
