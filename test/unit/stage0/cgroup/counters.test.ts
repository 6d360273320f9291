import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseIoStat, parsePressure, parseServiced, readCounters } from '../../../../stages/stage0/cgroup/counters.ts';
import type { CgroupFacts } from '../../../../stages/stage0/plan/facts.ts';

type Files = Readonly<Record<string, string>>;

/** Directories that look like hierarchies, with files in the pod's directory and in that of its app. */
function counted(version: 1 | 2, controllers: readonly string[], pod: Files, app: Files) {
  const mountPoint = mkdtempSync(join(tmpdir(), 'pod-counters-'));
  try {
    for (const [below, files] of [
      ['pod-u', pod],
      ['pod-u/app-a', app],
    ] as const) {
      mkdirSync(join(mountPoint, below));
      for (const [name, text] of Object.entries(files)) writeFileSync(join(mountPoint, below, name), text);
    }
    const facts: CgroupFacts = {
      mode: version === 1 ? 'v1' : 'v2',
      hierarchies: [{ version, controllers, mountPoint }],
    };
    return { pod: readCounters(facts, 'u'), app: readCounters(facts, 'u', 'a') };
  } finally {
    rmSync(mountPoint, { recursive: true });
  }
}

test('the counters of version 2', () => {
  const { app } = counted(
    2,
    ['cpu', 'memory', 'pids'],
    {},
    {
      'cpu.stat': 'usage_usec 500\nnr_periods 9\nnr_throttled 4\nthrottled_usec 70\n',
      'memory.current': '100\n',
      'memory.peak': '200\n',
      'memory.swap.current': '30\n',
      'memory.events': 'oom 2\noom_kill 1\n',
      'pids.current': '3\n',
      'pids.peak': '5\n',
    },
  );
  assert.deepEqual(app, {
    cpuUsec: 500,
    cpuPeriods: 9,
    cpuThrottledPeriods: 4,
    cpuThrottledUsec: 70,
    memoryBytes: 100,
    memoryPeakBytes: 200,
    swapBytes: 30,
    pids: 3,
    pidsPeak: 5,
    oomKills: 1,
    disks: null,
    pressure: { cpu: null, memory: null, io: null },
  });
});

test('the counters of version 1, whose OOM kills of the pod are those of its apps too', () => {
  const { pod, app } = counted(
    1,
    ['cpu', 'memory', 'cpuacct'],
    { 'memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 1\n' },
    {
      'cpuacct.usage': '1500000\n',
      'cpu.stat': 'nr_periods 9\nnr_throttled 4\nthrottled_time 70000\n',
      'memory.usage_in_bytes': '100\n',
      'memory.max_usage_in_bytes': '200\n',
      'memory.memsw.usage_in_bytes': '130\n',
      'memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 2\n',
    },
  );
  assert.deepEqual([app.cpuUsec, app.cpuThrottledUsec, app.memoryPeakBytes, app.swapBytes], [1500, 70, 200, 30]);
  assert.deepEqual([app.oomKills, pod.oomKills], [2, 3]);
});

test('where there is no limit of processor time, none was waited for', () => {
  const unlimited = { 'cpu.stat': 'usage_usec 500\nnr_periods 0\nnr_throttled 0\nthrottled_usec 0\n' };
  const { pod, app } = counted(
    2,
    ['cpu'],
    { ...unlimited, 'cpu.max': 'max 100000\n' },
    { ...unlimited, 'cpu.max': '5000 100000\n' },
  );
  assert.deepEqual([pod.cpuPeriods, pod.cpuThrottledPeriods, pod.cpuThrottledUsec], [null, null, null]);
  assert.deepEqual([app.cpuPeriods, app.cpuThrottledPeriods, app.cpuThrottledUsec], [0, 0, 0]);
  const v1 = counted(1, ['cpu'], { 'cpu.stat': 'nr_periods 0\n', 'cpu.cfs_quota_us': '-1\n' }, {});
  assert.equal(v1.pod.cpuPeriods, null);
});

test('what a host does not count is null and not zero', () => {
  const { pod } = counted(2, [], {}, {});
  const { pressure, ...numbers } = pod;
  assert.ok(Object.values(numbers).every((value) => value === null));
  assert.deepEqual(pressure, { cpu: null, memory: null, io: null });
});

test('pressure is read as the kernel writes it', () => {
  const text = 'some avg10=1.50 avg60=2.00 avg300=0.25 total=12345\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n';
  assert.deepEqual(parsePressure(text), {
    some: { avg10: 1.5, avg60: 2, avg300: 0.25, totalUsec: 12_345 },
    full: { avg10: 0, avg60: 0, avg300: 0, totalUsec: 0 },
  });
  // Until Linux 5.13 processors have no such line.
  assert.equal(parsePressure('some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n').full, null);
});

test('what was read and written is counted for each disk, on both versions', () => {
  const disk = { device: '8:0', readBytes: 4096, writtenBytes: 8192, reads: 1, writes: 2 };
  const none = { device: '7:1', readBytes: 0, writtenBytes: 0, reads: 0, writes: 0 };
  const ioStat = '7:0 \n8:0 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=0 dios=0\n';
  assert.deepEqual(parseIoStat(ioStat), [disk]);
  const bytes = '8:0 Read 4096\n8:0 Write 8192\n8:0 Sync 8192\n8:0 Total 12288\n7:1 Read 0\n7:1 Write 0\nTotal 12288\n';
  const serviced = '8:0 Read 1\n8:0 Write 2\n8:0 Total 3\n7:1 Read 0\n7:1 Write 0\nTotal 3\n';
  assert.deepEqual(parseServiced(bytes, serviced), [disk, none]);
  assert.deepEqual(counted(2, ['io'], { 'io.stat': ioStat }, {}).pod.disks, [disk]);
  const files = {
    'blkio.throttle.io_service_bytes_recursive': bytes,
    'blkio.throttle.io_serviced_recursive': serviced,
  };
  const { pod, app } = counted(1, ['blkio'], {}, files);
  assert.deepEqual([pod.disks, app.disks], [null, [disk, none]]);
});
