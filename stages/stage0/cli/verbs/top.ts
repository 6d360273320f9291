import { readFileSync } from 'node:fs';
import { listPids } from '../../cgroup/usage.ts';
import { PodError } from '../../error.ts';
import { parseNsPids } from '../../pod/ns-pids.ts';
import type { PodDir } from '../../pod/pod-dir.ts';
import { readInitPid, treeOf } from '../../pod/process-tree.ts';
import { type PodStatus, StatusReader } from '../../pod/status.ts';
import { PodStore } from '../../pod/store.ts';
import { onlyOperand } from '../arguments.ts';
import { cgroupsOf } from '../pod-cgroups.ts';
import { formatBytes } from '../bytes.ts';
import { render } from '../format.ts';
import { renderTable } from '../table.ts';
import { type Invocation, outputFlag, type Verb } from '../verb.ts';

export const verb: Verb = {
  name: 'top',
  purpose: 'Lists the processes of a running pod.',
  usage: ['pod top POD [-o FORMAT]'],
  examples: [
    ['pod top web', 'list the processes of the pod'],
    ['pod top web -o json', 'print the list for a program'],
  ],
  flags: [outputFlag()],
  notes: [
    'PID is the pid on the host, PID IN POD the pid inside the pod. USER is the numeric user id inside the pod. The list is read from outside: no program of the pod is executed.',
  ],
  completes: ['running', 'nothing'],
  run: top,
};

export interface ProcessRow {
  /** Null for init, which is no app's. */
  readonly app: string | null;
  readonly pid: number;
  readonly podPid: number;
  readonly uid: number | null;
  readonly state: string;
  readonly threads: number;
  readonly memoryBytes: number;
  readonly cpuSeconds: number;
  readonly command: string;
}

async function top(invocation: Invocation): Promise<number> {
  const { flags, root, terminal } = invocation;
  const pod = new PodStore(root).find(onlyOperand(invocation, 'POD'));
  const status = new StatusReader().read(pod);
  if (status.state !== 'running' && status.state !== 'paused')
    throw new PodError('pod/state', `list the processes of pod ${pod.uuid}: it is ${status.state}`);
  const rows = listProcesses(pod, status);
  const header = ['APP', 'PID', 'PID IN POD', 'USER', 'STATE', 'MEMORY', 'CPU', 'COMMAND'];
  const shown = await render(flags.value('output') ?? 'table', {
    value: () => rows,
    names: () => rows.map(({ pid }) => String(pid)),
    text: () => renderTable(terminal, header, rows.map(toCells)),
  });
  terminal.out(shown);
  return 0;
}

function toCells(row: ProcessRow): string[] {
  return [
    row.app ?? '-',
    String(row.pid),
    String(row.podPid),
    String(row.uid ?? '-'),
    row.state,
    formatBytes(row.memoryBytes),
    `${row.cpuSeconds.toFixed(2)} s`,
    row.command,
  ];
}

function listProcesses(pod: PodDir, { apps }: PodStatus): ProcessRow[] {
  const initPid = readInitPid(pod.path);
  const facts = cgroupsOf(pod);
  const inPod = listPids(facts, pod.uuid);
  const hasCgroup = inPod.length > 0;
  const ofApp = ({ name, pid }: PodStatus['apps'][number]): number[] => {
    if (hasCgroup) return listPids(facts, pod.uuid, name);
    return pid === null ? [] : treeOf(pid);
  };
  const appOf = new Map(apps.flatMap((app) => ofApp(app).map((pid) => [pid, app.name] as const)));
  const pids = hasCgroup || initPid === undefined ? inPod : treeOf(initPid);
  return pids.toSorted((a, b) => a - b).flatMap((pid) => readProcess(pid, appOf.get(pid) ?? null) ?? []);
}

/** Undefined when it has ended meanwhile. */
function readProcess(pid: number, app: string | null): ProcessRow | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/status`, 'latin1');
    const status = parseStatus(text);
    return {
      app,
      pid,
      podPid: parseNsPids(text)[1] ?? 0,
      uid: idInside(Number(status('Uid').split('\t')[1]), readFileSync(`/proc/${pid}/uid_map`, 'latin1')),
      state: status('State').slice(0, 1),
      threads: Number(status('Threads')),
      memoryBytes: Number.parseInt(status('VmRSS') || '0', 10) * 1024,
      cpuSeconds: cpuSecondsOf(readFileSync(`/proc/${pid}/stat`, 'latin1')),
      command: commandOf(pid, status('Name')),
    };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}

function parseStatus(text: string): (name: string) => string {
  const fields = new Map(text.split('\n').map((line) => [line.split(':', 1)[0]!, line.slice(line.indexOf('\t') + 1)]));
  return (name) => fields.get(name) ?? '';
}

/** The number that an id of the host's has inside; null where it has none. Lines of uid_map: inside, outside, length. */
export function idInside(id: number, map: string): number | null {
  for (const line of map.split('\n')) {
    const [inside = 0, outside = 0, length = 0] = line.trim().split(/\s+/).map(Number);
    if (id >= outside && id < outside + length) return inside + id - outside;
  }
  return null;
}

/** USER_HZ is 100 on every architecture we run on. proc_pid_stat(5): utime and stime are fields 14 and 15. */
function cpuSecondsOf(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** A process that has no arguments left (a zombie) is shown as ps(1) does. */
function commandOf(pid: number, name: string): string {
  const argv = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter(Boolean);
  return argv.length > 0 ? argv.join(' ') : `[${name}]`;
}
