import type { Draft } from '../../../../stages/stage0/isolators/isolator.ts';
import { lowerIsolators } from '../../../../stages/stage0/isolators/lower.ts';
import type { CgroupHierarchy, HostFacts } from '../../../../stages/stage0/plan/facts.ts';
import { newHost, spec } from './host.ts';

const CONTROLLERS = ['cpu', 'memory', 'cpuset', 'hugetlb', 'rdma', 'misc', 'blkio', 'net_cls', 'net_prio', 'devices'];

const ALL_V1: readonly CgroupHierarchy[] = CONTROLLERS.map((controller) => ({
  version: 1,
  controllers: [controller],
  mountPoint: `/cg/${controller}`,
}));

const ALL_V2: CgroupHierarchy = {
  version: 2,
  controllers: ['cpu', 'memory', 'cpuset', 'hugetlb', 'rdma', 'misc', 'io'],
  mountPoint: '/cg',
};

/** What an invented host with all controllers answers to isolators that look. */
const LOOKED: HostFacts['looked'] = {
  'text /cg/cpuset.cpus.effective': '0-3',
  'text /cg/cpuset.mems.effective': '0',
  'text /sys/devices/system/cpu/possible': '0-7\n',
  'text /sys/devices/system/node/possible': null,
  'text /cg/cpuset/cpuset.cpus': '0-3',
  'text /cg/cpuset/cpuset.mems': '0',
  'text /proc/sys/kernel/sched_util_clamp_min': '1024',
  'text /sys/module/zswap/parameters/enabled': 'N',
  'control /cg/memory.zswap.max': null,
  'control /cg/io.latency': true,
  'control /cg/cpu.max.burst': true,
  'control /cg/cpu/cpu.cfs_burst_us': null,
  'text /cg/misc.capacity': 'sev 50\nsev_es 10',
  'text /cg/misc/misc.capacity': 'sev 50\nsev_es 10',
  'text /cg/io.cost.qos': '8:0 enable=1 ctrl=auto',
  'names /sys/kernel/mm/hugepages': ['hugepages-1048576kB', 'hugepages-2048kB'],
  'names /proc/sys/kernel': ['shmmni'],
  'names /proc/sys/net/core': ['somaxconn'],
  'names /proc/sys/net/netfilter': ['nf_log'],
  'names /proc/sys/net/none': null,
  'names /sys/class/infiniband': ['mlx5_0'],
  'disks /sys/block': [
    { device: '8:0', name: 'sda', scheduler: 'bfq' },
    { device: '8:16', name: 'sdb', scheduler: 'none' },
  ],
  'disk /srv/db': { disks: ['8:16'], queues: ['8:16'] },
  'disk /srv/lvm': { disks: ['253:0'], queues: ['8:0', '8:16'] },
  'disk /srv/btrfs': { disks: ['8:0', '8:16'], queues: ['8:0', '8:16'] },
  'disk /dev/shm': { disks: [], queues: [] },
  'disk /nowhere': null,
  'names /sys/class/net': ['eth0', 'lo'],
  'node /dev/fuse': { path: '/dev/fuse', type: 'char', major: 10, minor: 229, others: 6 },
  'node /dev/kvm': { path: '/dev/kvm', type: 'char', major: 10, minor: 232, others: 4 },
  'node /dev/disk/by-label/data': { path: '/dev/sda1', type: 'block', major: 8, minor: 1, others: 0 },
  'node /dev/nothing': null,
};

export const FULL_V1: HostFacts = newHost(ALL_V1, { looked: LOOKED });
export const FULL_V2: HostFacts = newHost([ALL_V2], { looked: LOOKED });
/** Version 1 for all but huge pages, as on machines whose distribution was in between. */
export const FULL_HYBRID: HostFacts = newHost(
  [
    ...ALL_V1.filter(({ controllers }) => !controllers.includes('hugetlb')),
    { version: 2, controllers: ['hugetlb'], mountPoint: '/cg/unified' },
  ],
  { looked: LOOKED },
);

/** What a normal user has whose manager delegated a cgroup to him. */
export const FULL_USER: HostFacts = { ...FULL_V2, caller: { uid: 1000, gid: 1000, uids: [], gids: [] } };

type Isolators = Readonly<Record<string, unknown>>;

export interface Asked {
  readonly app?: Isolators;
  readonly pod?: Isolators;
  readonly hostNetwork?: boolean;
}

/** `FILE=VALUE` of the app's control files but for the limit on processes; or `CODE POINTER` of each error, first the pod's. */
export function lowered(host: HostFacts, { app = {}, pod = {}, hostNetwork = false }: Asked): string[] {
  const podLowered = lowerIsolators(specsOf(pod), 'pod', host, { hostNetwork });
  const { draft, errors } = lowerIsolators(specsOf(app), 'app', host, { pod: podLowered.draft, hostNetwork });
  const all = [...podLowered.errors, ...errors];
  if (all.length > 0) return all.map(({ code, at }) => `${code} ${at?.file.replace('pod.yaml', '')}`.trim());
  return writesOf(draft);
}

export function writesOf({ cgroup }: Draft): string[] {
  return cgroup.filter(({ file }) => file !== 'pids.max').map(({ file, value }) => `${file}=${value}`);
}

function specsOf(isolators: Isolators): ReturnType<typeof spec>[] {
  return Object.entries(isolators).map(([name, value]) => spec(name, value));
}
