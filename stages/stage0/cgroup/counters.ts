// cgroups(7), Documentation/accounting/psi.rst: everything that the kernel counts for a pod or an app

import type { CgroupFacts } from '../plan/facts.ts';
import { ControlFiles, fieldOf, numberOf } from './control-files.ts';
import { readUsage } from './usage.ts';

/** Percentages of the last 10, 60 and 300 seconds in which tasks waited, and the total in microseconds. */
export interface Stalls {
  readonly avg10: number;
  readonly avg60: number;
  readonly avg300: number;
  readonly totalUsec: number;
}

/** `some`: at least one task waited; `full`: all non-idle tasks waited. */
export interface Pressure {
  readonly some: Stalls | null;
  readonly full: Stalls | null;
}

/** What reached one disk, and came from it; what a loop device or one of device-mapper was asked for is in its own, and in that of its disk. */
export interface DiskUsage {
  /** `major:minor` */
  readonly device: string;
  readonly readBytes: number;
  readonly writtenBytes: number;
  readonly reads: number;
  readonly writes: number;
}

/** Null: this host does not count it, or not for this app separately. */
export interface Counters {
  readonly cpuUsec: number | null;
  /** Periods of its own limit, periods in which the limit was reached, and how long processes were throttled. */
  readonly cpuPeriods: number | null;
  readonly cpuThrottledPeriods: number | null;
  readonly cpuThrottledUsec: number | null;
  readonly memoryBytes: number | null;
  readonly memoryPeakBytes: number | null;
  readonly swapBytes: number | null;
  readonly pids: number | null;
  readonly pidsPeak: number | null;
  readonly oomKills: number | null;
  /** Version 1 counts only for those who have a limit of the kind. */
  readonly disks: readonly DiskUsage[] | null;
  readonly pressure: { readonly cpu: Pressure | null; readonly memory: Pressure | null; readonly io: Pressure | null };
}

/** Reads the counters of one app, or of the whole pod. */
export function readCounters(facts: CgroupFacts, uuid: string, app?: string): Counters {
  const files = new ControlFiles(facts, { uuid, app });
  const { cpuUsec = null, memoryBytes = null, pids = null, oomKills = null } = readUsage(facts, uuid, app);
  return {
    cpuUsec,
    ...readThrottling(files),
    memoryBytes,
    memoryPeakBytes: numberOf(files.read('memory', { 1: 'memory.max_usage_in_bytes', 2: 'memory.peak' })) ?? null,
    swapBytes: readSwap(files) ?? null,
    pids,
    pidsPeak: numberOf(files.read('pids', 'pids.peak')) ?? null,
    oomKills,
    disks: readDisks(files) ?? null,
    pressure: { cpu: readPressure(files, 'cpu'), memory: readPressure(files, 'memory'), io: readPressure(files, 'io') },
  };
}

const UNLIMITED = { cpuPeriods: null, cpuThrottledPeriods: null, cpuThrottledUsec: null };

function readThrottling(
  files: ControlFiles,
): Pick<Counters, 'cpuPeriods' | 'cpuThrottledPeriods' | 'cpuThrottledUsec'> {
  const quota = files.read('cpu', { 1: 'cpu.cfs_quota_us', 2: 'cpu.max' });
  // Without its own limit the kernel counts none: an app's waiting for its own limit is counted for the app.
  if (quota !== undefined && /^(max|-1)\b/.test(quota)) return UNLIMITED;
  const stat = files.read('cpu', 'cpu.stat');
  const nanoseconds = fieldOf(stat, 'throttled_time');
  return {
    cpuPeriods: fieldOf(stat, 'nr_periods') ?? null,
    cpuThrottledPeriods: fieldOf(stat, 'nr_throttled') ?? null,
    cpuThrottledUsec:
      fieldOf(stat, 'throttled_usec') ?? (nanoseconds === undefined ? null : Math.round(nanoseconds / 1000)),
  };
}

/** Version 1 counts swap together with memory. */
function readSwap(files: ControlFiles): number | undefined {
  const unified = numberOf(files.read('memory', { 2: 'memory.swap.current' }));
  if (unified !== undefined) return unified;
  const both = numberOf(files.read('memory', { 1: 'memory.memsw.usage_in_bytes' }));
  const memory = numberOf(files.read('memory', { 1: 'memory.usage_in_bytes' }));
  // The two values are read one after the other, so the difference could be negative.
  return both === undefined || memory === undefined ? undefined : Math.max(0, both - memory);
}

function readDisks(files: ControlFiles): DiskUsage[] | undefined {
  const unified = files.read('io', { 2: 'io.stat' });
  if (unified !== undefined) return parseIoStat(unified);
  const bytes = files.read('blkio', { 1: 'blkio.throttle.io_service_bytes_recursive' });
  const operations = files.read('blkio', { 1: 'blkio.throttle.io_serviced_recursive' });
  return bytes === undefined || operations === undefined ? undefined : parseServiced(bytes, operations);
}

/** Lines `8:0 rbytes=1 wbytes=2 rios=3 wios=4 …`; a disk that nothing was asked of may have a line of its number alone. */
export function parseIoStat(text: string): DiskUsage[] {
  const lines = [...text.matchAll(/^(\d+:\d+) rbytes=(\d+) wbytes=(\d+) rios=(\d+) wios=(\d+)/gm)];
  return lines.map(([, device, ...numbers]) => {
    const [readBytes, writtenBytes, reads, writes] = numbers.map(Number) as [number, number, number, number];
    return { device: device!, readBytes, writtenBytes, reads, writes };
  });
}

/** Lines `8:0 Read 1`, one a device and kind. */
export function parseServiced(bytes: string, operations: string): DiskUsage[] {
  const numbersOf = (text: string): Map<string, number> =>
    new Map([...text.matchAll(/^(\d+:\d+ \w+) (\d+)$/gm)].map(([, key, number]) => [key!, Number(number)]));
  const [amounts, counts] = [numbersOf(bytes), numbersOf(operations)];
  const devices = [...amounts.keys()].filter((key) => key.endsWith(' Read')).map((key) => key.split(' ')[0]!);
  return devices.map((device) => ({
    device,
    readBytes: amounts.get(`${device} Read`) ?? 0,
    writtenBytes: amounts.get(`${device} Write`) ?? 0,
    reads: counts.get(`${device} Read`) ?? 0,
    writes: counts.get(`${device} Write`) ?? 0,
  }));
}

function readPressure(files: ControlFiles, resource: string): Pressure | null {
  const text = files.readUnified(`${resource}.pressure`);
  return text === undefined ? null : parsePressure(text);
}

const STALLS = /^(some|full) avg10=([\d.]+) avg60=([\d.]+) avg300=([\d.]+) total=(\d+)$/gm;

export function parsePressure(text: string): Pressure {
  const stalls: { some: Stalls | null; full: Stalls | null } = { some: null, full: null };
  for (const [, kind, avg10, avg60, avg300, total] of text.matchAll(STALLS)) {
    stalls[kind as 'some' | 'full'] = {
      avg10: Number(avg10),
      avg60: Number(avg60),
      avg300: Number(avg300),
      totalUsec: Number(total),
    };
  }
  return stalls;
}
