import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ControlFile, InForce, InForceSource } from '../../../../stages/stage0/isolators/isolator.ts';
import { ISOLATORS } from '../../../../stages/stage0/isolators/registry.ts';

type Files = Readonly<Record<string, string>>;

/** A kernel that has these control files, and these of /proc/PID. */
function source(version: 1 | 2, control: Files, proc: Files = {}): InForceSource {
  const nameOf = (file: ControlFile): string | undefined => (typeof file === 'string' ? file : file[version]);
  return { control: (_, file) => control[nameOf(file) ?? ''], proc: (file) => proc[file] };
}

/** A host without the controllers of version 1 that mark packets. */
const MARKED: InForceSource = {
  ...source(2, {}),
  marks: () => [{ interface: 'eth0', priority: 6 }, { priority: 0x10_0002 }],
};

/** A pod that shares the host's name, and whose apps are each in a PID namespace of their own. */
const NAMESPACES: InForceSource = {
  ...source(
    2,
    {},
    {
      status: 'NSpid:\t812\t7\t1\n',
      timens_offsets: 'monotonic           1 500000000\nboottime          -20         0\n',
    },
  ),
  namespace: (name) => (name === 'uts' ? 'host' : `${name}:[40265]`),
};

function readBack(name: string, from: InForceSource): InForce | undefined {
  const found = ISOLATORS.find((isolator) => isolator.name === name)?.readBack?.(from);
  return found && Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
}

const ROWS: readonly (readonly [string, string, InForceSource, InForce])[] = [
  [
    'memory of version 1',
    'resource/memory',
    source(1, {
      'memory.soft_limit_in_bytes': '9223372036854771712\n',
      'memory.limit_in_bytes': '67108864\n',
      'memory.memsw.limit_in_bytes': '83886080\n',
    }),
    { requestBytes: 0, limitBytes: 67_108_864, swapBytes: 16_777_216 },
  ],
  [
    'memory of version 2',
    'resource/memory',
    source(2, {
      'memory.low': '4096\n',
      'memory.max': 'max\n',
      'memory.high': '8192\n',
      'memory.min': '0\n',
      'memory.swap.max': '0\n',
      'memory.zswap.max': 'max\n',
      'memory.oom.group': '1\n',
    }),
    {
      requestBytes: 4096,
      limitBytes: 'max',
      highBytes: 8192,
      minBytes: 0,
      swapBytes: 0,
      zswapBytes: 'max',
      oomGroup: true,
    },
  ],
  [
    'cpu of version 1',
    'resource/cpu',
    source(1, {
      'cpu.shares': '512',
      'cpu.cfs_quota_us': '25000',
      'cpu.cfs_period_us': '50000',
      'cpu.cfs_burst_us': '5000',
    }),
    { shares: 512, limitCores: 0.5, burstCores: 0.1 },
  ],
  [
    'cpu of version 2',
    'resource/cpu',
    source(2, { 'cpu.weight': '39', 'cpu.max': 'max 100000', 'cpu.max.burst': '0', 'cpu.uclamp.max': 'max' }),
    { weight: 39, limitCores: 'max', burstCores: 0, uclampMax: 'max' },
  ],
  [
    'a quota of version 2',
    'resource/cpu',
    source(2, { 'cpu.max': '150000 100000', 'cpu.uclamp.min': '20.00' }),
    { limitCores: 1.5, uclampMin: 20 },
  ],
  [
    'processors',
    'resource/cpuset',
    source(2, { 'cpuset.cpus.effective': '0-1\n', 'cpuset.cpus.partition': 'root invalid (Cpu list not exclusive)\n' }),
    { cpus: '0-1', partition: 'root invalid (Cpu list not exclusive)' },
  ],
  [
    'an AppArmor profile',
    'os/linux/apparmor-profile',
    source(2, {}, { 'attr/apparmor/current': 'web (enforce)\n', 'attr/current': 'web (enforce)\n' }),
    { profile: 'web (enforce)' },
  ],
  [
    'an SELinux context',
    'os/linux/selinux-context',
    source(2, {}, { 'attr/current': 'system_u:system_r:container_t:s0:c1,c2\0' }),
    { context: 'system_u:system_r:container_t:s0:c1,c2' },
  ],
  ['processes', 'resource/pids', source(1, { 'pids.max': '2048\n' }), { limit: 2048 }],
  [
    'huge pages',
    'resource/hugetlb',
    source(2, { 'hugetlb.2MB.max': '4194304\n', 'hugetlb.2MB.current': '2097152\n' }),
    { limit2MBBytes: 4_194_304, used2MBBytes: 2_097_152 },
  ],
  [
    'keys',
    'resource/misc',
    source(2, { 'misc.max': 'sev 2\n', 'misc.current': 'sev 1\n' }),
    { limits: ['sev 2'], used: ['sev 1'] },
  ],
  [
    'adapters',
    'resource/rdma',
    source(1, { 'rdma.max': 'mlx5_0 hca_handle=2\n', 'rdma.current': 'mlx5_0 hca_handle=1\n' }),
    { limits: ['mlx5_0 hca_handle=2'], used: ['mlx5_0 hca_handle=1'] },
  ],
  [
    'disks of version 1',
    'resource/block-bandwidth',
    source(1, { 'blkio.throttle.read_bps_device': '8:0 1000\n', 'blkio.throttle.write_bps_device': '' }),
    { read: ['8:0 1000'], write: [] },
  ],
  [
    'disks of version 2',
    'resource/block-iops',
    source(2, { 'io.max': '8:0 rbps=max wbps=max riops=50 wiops=max\n' }),
    { read: ['8:0 50'], write: [] },
  ],
  ['weights', 'resource/io', source(2, { 'io.weight': 'default 200\n8:0 50\n' }), { weight: 200 }],
  ['a class', 'os/linux/net-class', source(1, { 'net_cls.classid': '1048577\n' }), { class: '10:1' }],
  [
    'priorities',
    'os/linux/net-priority',
    source(1, { 'net_prio.ifpriomap': 'lo 0\neth0 6\n' }),
    { priorities: ['eth0 6'] },
  ],
  [
    'namespaces',
    'os/linux/namespaces',
    NAMESPACES,
    {
      ipc: 'ipc:[40265]',
      uts: 'host',
      time: 'time:[40265]',
      monotonicSeconds: 1.5,
      boottimeSeconds: -20,
      pid: 'app',
    },
  ],
  ['a class by nftables', 'os/linux/net-class', MARKED, { class: '10:2' }],
  ['priorities by nftables', 'os/linux/net-priority', MARKED, { priorities: ['eth0 6'] }],
];

const STATUS = [
  'Name:\tx',
  'Umask:\t0027',
  'CapPrm:\t0000000000000001',
  'CapEff:\t0000000000000000',
  'CapBnd:\t0000000000000003',
  'CapAmb:\t0000000000000000',
  'NoNewPrivs:\t1',
  'Seccomp:\t2',
  'Seccomp_filters:\t1',
].join('\n');
const LIMITS = [
  'Limit                     Soft Limit           Hard Limit           Units     ',
  'Max cpu time              unlimited            unlimited            seconds   ',
  'Max file size             4096                 unlimited            bytes     ',
].join('\n');
const STAT = `7 (a ) b) ${Array.from({ length: 50 }, (_, index) => (index === 16 ? -5 : index === 38 ? 3 : 0)).join(' ')}`;
const PROC: InForceSource = {
  ...source(1, {}, { status: STATUS, limits: LIMITS, stat: STAT, oom_score_adj: '-5\n', personality: '00040000\n' }),
  ioPriority: () => ({ class: 2, level: 6 }),
};

const OF_PROCESS: readonly (readonly [string, InForce])[] = [
  [
    'os/linux/capabilities-retain-set',
    { bounding: ['CAP_CHOWN', 'CAP_DAC_OVERRIDE'], permitted: ['CAP_CHOWN'], effective: [], ambient: [] },
  ],
  ['os/linux/no-new-privileges', { on: true }],
  ['os/linux/oom-score-adj', { score: -5 }],
  ['os/linux/umask', { mask: '0027' }],
  ['os/linux/seccomp-retain-set', { mode: 'filter', filters: 1 }],
  ['os/linux/personality', { persona: 0x40000 }],
  ['os/linux/scheduler', { policy: 'batch', priority: 0, nice: -5, ioClass: 'best-effort', ioLevel: 6 }],
  ['os/linux/rlimits', { cpu: { soft: 'max', hard: 'max' }, fsize: { soft: 4096, hard: 'max' } }],
];

for (const [title, name, from, expected] of ROWS) {
  test(`${title}: read back in the isolator's own words`, () => assert.deepEqual(readBack(name, from), expected));
}

for (const [name, expected] of OF_PROCESS) {
  test(`${name}: read back from the process`, () => assert.deepEqual(readBack(name, PROC), expected));
}

test('what the kernel has nothing of is undefined, for every isolator', () => {
  for (const { name, readBack: read } of ISOLATORS) assert.equal(read?.(source(1, {})), undefined, name);
});

test('an isolator that can change while the pod runs can be read back', () => {
  const blind = ISOLATORS.filter(({ fixed, readBack: read }) => fixed === undefined && !read);
  // Its weight is what resource/cpu reads.
  assert.deepEqual(
    blind.map(({ name }) => name),
    ['os/linux/cpu-shares'],
  );
});
