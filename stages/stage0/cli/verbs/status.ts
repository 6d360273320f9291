import { PodError } from '../../error.ts';
import { type PodStatus, readStatus } from '../../pod/status.ts';
import { PodStore } from '../../pod/store.ts';
import { waitForPod } from '../../pod/wait.ts';
import { onlyOperand, parseDuration } from '../arguments.ts';
import { buryIfLeft } from '../bury.ts';
import { formatValue, isStructured } from '../format.ts';
import { appStateCell, stateCell } from '../state.ts';
import { age, printable, renderTable } from '../table.ts';
import { STDOUT, type Terminal } from '../terminal.ts';
import { type Invocation, outputFlag, type Verb } from '../verb.ts';

export const verb: Verb = {
  name: 'status',
  purpose: 'Shows one pod with its apps.',
  usage: ['pod status POD [--wait[=DUR]] [-o FORMAT]'],
  examples: [
    ['pod status web', 'the pod named web'],
    ['pod status web --wait', 'when it has exited'],
    ['pod status web -o json', 'for a program'],
  ],
  flags: [
    {
      name: 'wait',
      value: 'DUR',
      isValueOptional: true,
      help: 'wait until the pod has exited, at most DUR; exits 1 when that passes first',
    },
    outputFlag('table', 'json', 'yaml', 'jsonl', 'name'),
  ],
  completes: 'pods',
  run: status,
};

async function status(invocation: Invocation): Promise<number> {
  const { flags, root, terminal } = invocation;
  const store = new PodStore(root);
  const { uuid } = store.find(onlyOperand(invocation, 'POD'));
  if (flags.has('wait')) {
    const limit = flags.value('wait') ?? '';
    await waitForPod(store, uuid, 'exit', { timeoutMs: limit === '' ? undefined : parseDuration(limit, '--wait') });
  }
  const found = readStatus(store, uuid);
  if (found?.state === 'exited') await buryIfLeft(store, uuid);
  if (!found) throw new PodError('pod/not-found', `read the status of pod ${uuid}: it was removed`);
  const format = flags.value('output') ?? 'table';
  if (isStructured(format)) terminal.out(await formatValue(found, format));
  else terminal.out(format === 'name' ? `${found.uuid}\n` : renderStatus(terminal, found));
  return 0;
}

const DEATHS: Readonly<Record<NonNullable<PodStatus['death']>, string>> = {
  'init-killed': 'its init was killed, and took the apps with it',
  'supervisors-killed': 'its monitor and its init were killed',
  'host-restarted': 'the host was restarted while it ran',
};

function renderStatus(terminal: Terminal, pod: PodStatus): string {
  const { text, style } = stateCell(pod);
  const facts: [string, string][] = [
    ['pod', `${pod.name ?? '-'} (${pod.uuid})`],
    ['state', style ? terminal.paint(STDOUT, style, text) : text],
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
  return `${lines.join('')}\n${renderApps(terminal, pod)}`;
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
