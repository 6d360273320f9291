import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../../harness/eventually.ts';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { PodError, PodErrors } from '../../../stages/stage0/index.ts';
import type { Check } from '../checks.ts';
import { shell, start, toEnd } from './pods.ts';

type Json = Readonly<Record<string, unknown>>;

const CGROUPS = '/sys/fs/cgroup';
const HUGE_PAGES = '/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages';

/** Codes and messages, in the order of the lines. */
async function refusals(refused: Promise<unknown>): Promise<string[]> {
  try {
    await refused;
  } catch (error) {
    if (!(error instanceof PodErrors)) throw error;
    assert.ok(error.errors.every((each) => each instanceof PodError && each.at !== undefined));
    return error.errors.map(({ code, message }) => `${code} ${message}`);
  }
  throw new Error('it was accepted');
}

/** The kernel of the guest has none of them. */
const LACKING: Json = {
  'resource/memory': { zswap: '1Mi' },
  'resource/io': { latency: [{ path: '/var/tmp', target: '10ms' }] },
  'resource/misc': { sev: 1 },
  'resource/rdma': { mlx5_0: { handles: 2 } },
  'resource/cpu': { uclampMax: 50 },
};

async function refusesAllAtOnce(root: string): Promise<void> {
  // What a service of the host would be: it tells which files cgroups have.
  const service = `${CGROUPS}/service`;
  writeFileSync(`${CGROUPS}/cgroup.subtree_control`, '+io +memory');
  mkdirSync(service);
  try {
    const found = await refusals(shell(root, 'true', { isolators: LACKING }));
    const words = [/CONFIG_UCLAMP_TASK/, /"io.latency"/, /zswap/, /"sev"/, /"mlx5_0"/];
    assert.deepEqual(
      words.map((word) => found.filter((each) => word.test(each)).length),
      [1, 1, 1, 1, 1],
      found.join('\n'),
    );
    assert.ok(found.every((each) => each.startsWith('host/unsupported ')));
  } finally {
    rmdirSync(service);
  }
}

async function isolatesProcessors(root: string): Promise<void> {
  const isolators = { 'resource/cpuset': { cpus: 1, partition: 'isolated' } };
  await using pod = await shell(root, 'exec /usr/bin/probe hold', {}, { isolators });
  const inForce = (await pod.resources())!.inForce['resource/cpuset'] as Json;
  assert.deepEqual([inForce['cpus'], inForce['partition']], ['1', 'isolated']);
  // The kernel has taken it away from everybody else.
  assert.equal(readFileSync(`${CGROUPS}/cpuset.cpus.effective`, 'utf8').trim(), '0');
  const { stdout } = await pod.exec(['/bin/grep', 'Cpus_allowed_list', '/proc/self/status']);
  assert.match(stdout, /\t1$/m);
}

const WINDOW_MS = 4000;

/** Bytes that apps with these weights wrote to the guest's disk in the same time: from when all of them do. */
async function writtenBy(root: string, weights: readonly number[]): Promise<number[]> {
  const script = 'while :; do dd if=/dev/zero of=/file bs=16k count=200 oflag=direct conv=notrunc 2>/dev/null; done';
  const apps = weights.map((weight, index) => ({
    name: `app${index}`,
    image: 'host',
    exec: ['/bin/sh', '-c', script],
    isolators: { 'resource/io': { weight } },
  }));
  await using pod = await start(root, [], {}, { apps });
  const device = deviceOf('vda');
  const written = async (): Promise<number[]> =>
    Object.values((await pod.resources())!.apps).map(
      ({ usage }) => usage.disks?.find((disk) => disk.device === device)?.writtenBytes ?? 0,
    );
  await eventually(async () => assert.ok((await written()).every((bytes) => bytes > 0)));
  const before = await written();
  await delay(WINDOW_MS);
  return (await written()).map((bytes, index) => bytes - before[index]!);
}

function deviceOf(disk: string): string {
  return readFileSync(`/sys/block/${disk}/dev`, 'utf8').trim();
}

/** By the cost model, with a disk that is said to be slow: it is always busy. */
async function weighsByCost(root: string): Promise<void> {
  const isolators = { 'resource/io': { weight: 300 } };
  assert.match((await refusals(shell(root, 'true', { isolators }))).join(), /no disk of the host has a scheduler/);
  const device = deviceOf('vda');
  const rates = 'rbps=4000000 rseqiops=200 rrandiops=200 wbps=4000000 wseqiops=200 wrandiops=200';
  writeFileSync(`${CGROUPS}/io.cost.model`, `${device} ctrl=user model=linear ${rates}`);
  writeFileSync(`${CGROUPS}/io.cost.qos`, `${device} enable=1 ctrl=user rpct=0 wpct=0 min=100.00 max=100.00`);
  try {
    const [much, little] = await writtenBy(root, [800, 100]);
    assert.ok(much! > 2 * little! && little! > 0, `${much} and ${little} bytes`);
  } finally {
    writeFileSync(`${CGROUPS}/io.cost.qos`, `${device} enable=0`);
  }
}

/** What its scheduler, if it has weights, is told. */
async function tellsScheduler(root: string, file: string): Promise<void> {
  const scheduler = '/sys/block/vda/queue/scheduler';
  writeFileSync(scheduler, 'bfq');
  try {
    const isolators = { 'resource/io': { weight: 1000 } };
    await toEnd(shell(root, `cat /sys/fs/cgroup/${file}`, { isolators }), ({ output }) =>
      assert.equal(output.replace('default ', ''), '181'),
    );
  } finally {
    writeFileSync(scheduler, 'none');
  }
}

export const CONTROLLER_CHECKS: readonly Check[] = [
  { name: 'what this kernel lacks is refused all at once, each at its line', run: refusesAllAtOnce },
  { name: 'an isolated partition is taken from everybody else', run: isolatesProcessors },
  { name: 'weights share a disk by its cost model', run: weighsByCost },
  { name: 'weights are told to the scheduler of a disk', run: (root) => tellsScheduler(root, 'io.bfq.weight') },
];

/** Which class of traffic control so many packets of the app were in; another 3 are of nobody in particular. */
async function classOf(root: string, isolators: Json): Promise<string[]> {
  const tc = (...args: string[]): string => execFileSync('tc', args, { encoding: 'utf8' });
  tc('qdisc', 'add', 'dev', 'lo', 'root', 'handle', '10:', 'htb');
  try {
    for (const minor of ['1', '2']) {
      tc('class', 'add', 'dev', 'lo', 'parent', '10:', 'classid', `10:${minor}`, 'htb', 'rate', '1gbit');
    }
    tc('filter', 'add', 'dev', 'lo', 'parent', '10:', 'protocol', 'all', 'prio', '1', 'handle', '1:', 'cgroup');
    const send = (count: number): string => `for i in $(seq ${count}); do echo x > /dev/udp/127.0.0.1/9; done; :`;
    execFileSync('bash', ['-c', send(3)], { stdio: 'ignore' });
    const apps = [{ name: 'app', image: 'host', exec: ['/bin/bash', '-c', send(5)], isolators }];
    await toEnd(start(root, [], {}, { apps, network: { mode: 'host' } }), ({ code }) => assert.equal(code, 0));
    const found = tc('-s', 'class', 'show', 'dev', 'lo').matchAll(
      /class htb (10:\d)[^\n]*\n Sent \d+ bytes (\d+) pkt/g,
    );
    return [...found].map(([, name, count]) => `${name} ${count}`).toSorted();
  } finally {
    tc('qdisc', 'del', 'dev', 'lo', 'root');
  }
}

async function marksPackets(root: string): Promise<void> {
  assert.deepEqual(await classOf(root, { 'os/linux/net-class': '10:1' }), ['10:1 5', '10:2 0']);
  assert.deepEqual(await classOf(root, { 'os/linux/net-priority': { lo: 0x10_0002 } }), ['10:1 0', '10:2 5']);
}

async function limitsHugePages(root: string): Promise<void> {
  writeFileSync(HUGE_PAGES, '4');
  try {
    const isolators = { 'resource/hugetlb': { '2Mi': '4Mi' } };
    for (const place of [[{ isolators }], [{}, { isolators }]]) {
      await toEnd(start(root, ['/usr/bin/probe', 'huge', '4'], ...place), ({ output }) =>
        assert.equal(output, 'mapped 2: ENOMEM'),
      );
    }
  } finally {
    writeFileSync(HUGE_PAGES, '0');
  }
}

async function runsOnProcessors(root: string): Promise<void> {
  const script = 'nproc; grep Cpus_allowed_list /proc/self/status; grep Mems_allowed_list /proc/self/status';
  const isolators = { 'resource/cpuset': { cpus: 1, mems: 0 } };
  await toEnd(shell(root, script, { isolators }), ({ output }) =>
    assert.deepEqual(output.split(/\s+/), ['1', 'Cpus_allowed_list:', '1', 'Mems_allowed_list:', '0']),
  );
}

async function refusesUnifiedOnly(root: string): Promise<void> {
  assert.ok(readdirSync(`${CGROUPS}/misc`).includes('cgroup.procs'));
  const isolators = {
    ...LACKING,
    'resource/memory': { high: '1Mi', min: '1Mi', zswap: '1Mi', oomGroup: true },
    'resource/cpuset': { cpus: 0, partition: 'root' },
  };
  const found = await refusals(shell(root, 'true', { isolators }));
  assert.equal(found.length, 9, found.join('\n'));
}

export const VERSION_1_CHECKS: readonly Check[] = [
  { name: 'packets are marked by the controllers of version 1', run: marksPackets },
  { name: 'an app, or all apps of a pod, have no more huge pages than the limit', run: limitsHugePages },
  { name: 'an app runs on its processors', run: runsOnProcessors },
  {
    name: 'weights are told to the scheduler of a disk',
    run: (root) => tellsScheduler(root, 'blkio/blkio.bfq.weight'),
  },
  { name: 'what version 1 lacks is refused all at once', run: refusesUnifiedOnly },
];
