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
