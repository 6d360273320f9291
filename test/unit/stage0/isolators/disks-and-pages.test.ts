import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bfqWeight } from '../../../../stages/stage0/isolators/io.ts';
import { type Asked, FULL_HYBRID, FULL_V1, FULL_V2, lowered } from './table.ts';

const only =
  (name: string) =>
  (value: unknown, pod?: unknown): Asked => ({
    app: { [name]: value },
    ...(pod === undefined ? {} : { pod: { [name]: pod } }),
  });
const hugetlb = only('resource/hugetlb');
const rdma = only('resource/rdma');
const misc = only('resource/misc');
const bandwidth = only('resource/block-bandwidth');
const iops = only('resource/block-iops');
const io = only('resource/io');

type Row = readonly [name: string, asked: Asked, v1: readonly string[], v2?: readonly string[]];

const TABLE: readonly Row[] = [
  [
    'huge pages, reserved and used',
    hugetlb({ '2Mi': '4Mi', '1Gi': 0 }),
    [
      'hugetlb.2MB.rsvd.limit_in_bytes=4194304',
      'hugetlb.2MB.limit_in_bytes=4194304',
      'hugetlb.1GB.rsvd.limit_in_bytes=0',
      'hugetlb.1GB.limit_in_bytes=0',
    ],
    ['hugetlb.2MB.rsvd.max=4194304', 'hugetlb.2MB.max=4194304', 'hugetlb.1GB.rsvd.max=0', 'hugetlb.1GB.max=0'],
  ],
  ['pages the kernel does not have', hugetlb({ '64Ki': '4Mi' }), ['host/unsupported /64Ki']],
  ['a size that is none', hugetlb({ big: '4Mi' }), ['manifest/schema /big']],
  ['half a page', hugetlb({ '2Mi': '3Mi' }), ['manifest/schema /2Mi']],
  ['more huge pages than the pod has', hugetlb({ '2Mi': '4Mi' }, { '2Mi': '2Mi' }), ['manifest/schema /2Mi']],
  [
    'RDMA',
    rdma({ mlx5_0: { handles: 2, objects: 2000 } }),
    ['rdma.max=mlx5_0 hca_handle=2', 'rdma.max=mlx5_0 hca_object=2000'],
  ],
  ['an adapter that is not there', rdma({ mlx5_1: { handles: 2 } }), ['host/unsupported /mlx5_1']],
  [
    'more handles than the pod has',
    rdma({ mlx5_0: { handles: 3 } }, { mlx5_0: { handles: 2 } }),
    ['manifest/schema /mlx5_0/handles'],
  ],
  ['keys', misc({ sev: 4, sev_es: 0 }), ['misc.max=sev 4', 'misc.max=sev_es 0']],
  ['a resource that is not there', misc({ tdx: 1 }), ['host/unsupported /tdx']],
  ['more keys than the pod has', misc({ sev: 4 }, { sev: 3 }), ['manifest/schema /sev']],
  [
    "bandwidth of every disk, in appc's words",
    bandwidth({ default: true, limit: '2M' }),
    [
      'blkio.throttle.read_bps_device=8:0 2000000',
      'blkio.throttle.read_bps_device=8:16 2000000',
      'blkio.throttle.write_bps_device=8:0 2000000',
      'blkio.throttle.write_bps_device=8:16 2000000',
    ],
    ['io.max=8:0 rbps=2000000', 'io.max=8:16 rbps=2000000', 'io.max=8:0 wbps=2000000', 'io.max=8:16 wbps=2000000'],
  ],
  [
    'a single disk instead of every disk',
    bandwidth({ write: 10, disks: [{ path: '/srv/db', limit: '1Ki', write: 20 }] }),
    [
      'blkio.throttle.read_bps_device=8:16 1024',
      'blkio.throttle.write_bps_device=8:0 10',
      'blkio.throttle.write_bps_device=8:16 20',
    ],
    ['io.max=8:16 rbps=1024', 'io.max=8:0 wbps=10', 'io.max=8:16 wbps=20'],
  ],
  [
    'a device of device-mapper',
    iops({ disks: [{ path: '/srv/lvm', read: 7 }] }),
    ['blkio.throttle.read_iops_device=253:0 7'],
    ['io.max=253:0 riops=7'],
  ],
  [
    'a file system of several disks',
    iops({ disks: [{ path: '/srv/btrfs', read: 7 }] }),
    ['host/unsupported /disks/0/path'],
  ],
  [
    'a file system without a disk',
    bandwidth({ disks: [{ path: '/dev/shm', read: 7 }] }),
    ['host/unsupported /disks/0/path'],
  ],
  [
    'a path that is not there',
    bandwidth({ disks: [{ path: '/nowhere', read: 7 }] }),
    ['host/unsupported /disks/0/path'],
  ],
  ['no bandwidth at all', bandwidth({ limit: '0' }), ['manifest/schema /limit']],
  [
    'everything that is wrong with bandwidth',
    bandwidth({
      read: '0',
      write: '1.5',
      disks: [
        { path: '/nowhere', limit: '0' },
        { path: '/dev/shm', read: 1 },
      ],
    }),
    [
      'manifest/schema /disks/0/limit',
      'host/unsupported /disks/0/path',
      'host/unsupported /disks/1/path',
      'manifest/schema /read',
      'manifest/schema /write',
    ],
  ],
  [
    'more bandwidth than the pod has',
    bandwidth({ limit: 8 }, { limit: 7 }),
    ['host/unsupported', 'manifest/schema /limit'],
    ['manifest/schema /limit'],
  ],
  [
    'as much bandwidth as the pod has',
    bandwidth({ disks: [{ path: '/srv/db', read: 7 }] }, { limit: 7 }),
    ['host/unsupported'],
    ['io.max=8:16 rbps=7'],
  ],
  [
    'a weight, where a scheduler and the cost model are there',
    io({ weight: 1000 }),
    ['blkio.bfq.weight=181'],
    ['io.weight=1000', 'io.bfq.weight=181'],
  ],
  [
    "a weight besides the pod's limit",
    { app: { 'resource/io': { weight: 10 } }, pod: { 'resource/block-iops': { limit: 7 } } },
    ['host/unsupported'],
    ['io.weight=10', 'io.bfq.weight=10'],
  ],
  [
    'latency, where requests are queued',
    io({
      latency: [
        { path: '/srv/lvm', target: '10ms' },
        { path: '/srv/db', target: '10ms' },
      ],
    }),
    ['host/unsupported /latency/0/target', 'host/unsupported /latency/1/target'],
    ['io.latency=8:0 target=10000', 'io.latency=8:16 target=10000'],
  ],
  [
    'two targets of one queue, and a path that is not there',
    io({
      latency: [
        { path: '/srv/lvm', target: '10ms' },
        { path: '/srv/db', target: '500us' },
        { path: '/nowhere', target: '1ms' },
      ],
    }),
    [0, 1, 2].map((index) => `host/unsupported /latency/${index}/target`),
    ['manifest/duplicate /latency/1/target', 'host/unsupported /latency/2/path'],
  ],
  [
    'latency of a file system without a disk',
    io({ latency: [{ path: '/dev/shm', target: '1s' }] }),
    ['host/unsupported /latency/0/target'],
    ['host/unsupported /latency/0/path'],
  ],
];

for (const [name, asked, v1, v2 = v1] of TABLE) {
  test(`${name}: on version 1, version 2 and both`, () => {
    assert.deepEqual(lowered(FULL_V1, asked), v1);
    assert.deepEqual(lowered(FULL_V2, asked), v2);
    const isHugetlb = Object.keys(asked.app ?? {})[0] === 'resource/hugetlb';
    assert.deepEqual(lowered(FULL_HYBRID, asked), isHugetlb ? v2 : v1);
  });
}

test('a weight no scheduler looks at is refused', () => {
  const looked = {
    'disks /sys/block': [{ device: '8:0', name: 'sda', scheduler: 'none' }],
    'text /cg/io.cost.qos': '',
  };
  for (const host of [FULL_V1, FULL_V2])
    assert.deepEqual(lowered({ ...host, looked }, io({ weight: 10 })), ['host/unsupported /weight']);
});

test("weights span bfq's range", () => {
  assert.deepEqual([1, 100, 10_000].map(bfqWeight), [1, 100, 1000]);
});
