import type { DiskUsage, Pressure } from '../cgroup/counters.ts';
import type { InForceValue } from '../isolators/isolator.ts';
import type { AllInForce, PodResources, Resources } from '../resources/in-force.ts';
import { formatBytes } from './bytes.ts';
import { printable, renderTable, type Row } from './table.ts';
import type { Terminal } from './terminal.ts';

/** For people: what is in force, and what is used; the pod as a whole is a row without an app. */
export function renderResources(terminal: Terminal, { apps, ...pod }: PodResources): string {
  const all: readonly (readonly [string, Resources])[] = [['-', pod], ...Object.entries(apps)];
  const usage = renderTable(terminal, USAGE_HEADER, all.map(usageRow));
  const pressure = renderTable(terminal, PRESSURE_HEADER, all.map(pressureRow));
  const inForce = renderTable(
    terminal,
    ['APP', 'IN FORCE', 'AS THE KERNEL SAYS IT'],
    all.flatMap(([name, { inForce: own }]) => inForceRows(name, own, pod.inForce)),
  );
  const disks = all.flatMap(
    ([
      name,
      {
        usage: { disks: own },
      },
    ]) => (own ?? []).map((disk) => diskRow(name, disk)),
  );
  const onDisks = disks.length === 0 ? '' : `\n${renderTable(terminal, DISK_HEADER, disks)}`;
  return `\n${usage}\n${pressure}${onDisks}\n${inForce}${missingNote(all)}`;
}

const DISK_HEADER = ['APP', 'DISK', 'READ', 'WRITTEN', 'READS', 'WRITES'];

function diskRow(name: string, { device, readBytes, writtenBytes, reads, writes }: DiskUsage): Row {
  return [name, device, formatBytes(readBytes), formatBytes(writtenBytes), String(reads), String(writes)];
}

const USAGE_HEADER = ['APP', 'CPU', 'THROTTLED', 'MEMORY', 'PEAK', 'SWAP', 'PIDS', 'PEAK', 'OOM KILLS'];

function usageRow([name, { usage }]: readonly [string, Resources]): Row {
  const { cpuUsec, cpuThrottledUsec, memoryBytes, memoryPeakBytes, swapBytes, pids, pidsPeak, oomKills } = usage;
  return [
    name,
    shown(cpuUsec, seconds),
    shown(cpuThrottledUsec, seconds),
    shown(memoryBytes, formatBytes),
    shown(memoryPeakBytes, formatBytes),
    shown(swapBytes, formatBytes),
    shown(pids, String),
    shown(pidsPeak, String),
    shown(oomKills, String),
  ];
}

const RESOURCES = ['cpu', 'memory', 'io'] as const;
const PRESSURE_HEADER = ['APP', ...RESOURCES.map((resource) => `${resource.toUpperCase()} PRESSURE 10/60/300 S`)];

function pressureRow([name, { usage }]: readonly [string, Resources]): Row {
  return [name, ...RESOURCES.map((resource) => shown(usage.pressure[resource], pressureText))];
}

function pressureText({ some }: Pressure): string {
  return some ? `${some.avg10} % ${some.avg60} % ${some.avg300} %` : '-';
}

function inForceRows(name: string, own: AllInForce, pod: AllInForce): Row[] {
  return Object.entries(own).flatMap(([isolator, values]): Row[] => {
    if (values !== null) return [[name, isolator, membersText(values)]];
    // What the pod has none of either, this host does not have.
    return pod[isolator] ? [[name, isolator, 'none of its own: the limits of the pod apply']] : [];
  });
}

/** A program has all of it, in `-o json`. */
const MAX_SHOWN = 110;

function membersText(values: Readonly<Record<string, InForceValue | null>>): string {
  const members = Object.entries(values).flatMap(([name, value]) => (value === null ? [] : memberText(name, value)));
  const text = members.join(', ');
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

function memberText(name: string, value: InForceValue): string {
  const bytes = name.endsWith('Bytes');
  const plain = name.replace(/(Bytes|Cores)$/, '');
  if (name.endsWith('BytesPerSecond') && typeof value === 'number')
    return `${name.slice(0, -'BytesPerSecond'.length)} ${formatBytes(value)}/s`;
  if (bytes && typeof value === 'number') return `${plain} ${formatBytes(value)}`;
  if (name.endsWith('Cores') && typeof value === 'number') return `${plain} ${value} cores`;
  if (typeof value !== 'object') return `${plain} ${printable(String(value))}`;
  if ('soft' in value) return `${plain} ${value.soft}/${value.hard}`;
  return `${plain} ${printable(value.join('; ')) || 'none'}`;
}

/** A dash is not a zero: nobody counts it. */
function missingNote(all: readonly (readonly [string, Resources])[]): string {
  const hasDash = all.some(([, { usage }]) => Object.values({ ...usage, disks: 0 }).includes(null));
  const noPressure = all.every(([, { usage }]) => RESOURCES.every((resource) => usage.pressure[resource] === null));
  const notes = [
    ...(hasDash ? ['-: this host does not count it, or not for this app alone'] : []),
    ...(noPressure ? ['pressure: this host does not measure it (no cgroup version 2 tree, or psi=0)'] : []),
  ];
  return notes.map((note) => `${note}\n`).join('');
}

function shown<Value>(value: Value | null, show: (value: Value) => string): string {
  return value === null ? '-' : show(value);
}

function seconds(usec: number): string {
  return `${(usec / 1_000_000).toFixed(2)} s`;
}
