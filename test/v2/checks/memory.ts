import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { syscall } from '../../../stages/linux/syscall.ts';
import type { Pod } from '../../../stages/stage0/index.ts';
import { eventually } from '../../harness/eventually.ts';
import type { Check } from '../checks.ts';
import { shell, start, toEnd } from './pods.ts';

type Json = Readonly<Record<string, unknown>>;

const MIB = 1 << 20;
const PAGE = 4096;
const PROBE = '/usr/bin/probe';
const ZSWAP = '/sys/module/zswap/parameters/enabled';

/** A file to swap to, of so many pages; mkswap(8) writes no more than this. */
async function withSwap(root: string, use: () => Promise<void>): Promise<void> {
  const path = `${root}.swap`;
  const pages = (96 * MIB) / PAGE;
  const area = Buffer.alloc(pages * PAGE);
  area.writeUInt32LE(1, 1024);
  area.writeUInt32LE(pages - 1, 1028);
  area.write('SWAPSPACE2', PAGE - 10);
  writeFileSync(path, area, { mode: 0o600 });
  syscall('swapon', path, 0);
  try {
    await use();
  } finally {
    syscall('swapoff', path);
    rmSync(path);
  }
}

/** What `keep` says once it has so much memory; or how it was killed. */
function keep(root: string, megabytes: number, memory: Json, look: (pod: Pod) => Promise<void>): Promise<void> {
  const use = async (): Promise<void> => {
    await using pod = await start(root, [PROBE, 'keep', `${megabytes}`], { isolators: { 'resource/memory': memory } });
    await eventually(async () => assert.match(pod.logs()[0]?.text ?? '', /^allocated/));
    await look(pod);
  };
  return use();
}

async function isKilled(root: string, megabytes: number, memory: Json): Promise<boolean> {
  let killed = false;
  const isolators = { 'resource/memory': memory };
  await toEnd(start(root, [PROBE, 'alloc', `${megabytes}`], { isolators }), ({ code }) => (killed = code === 137));
  return killed;
}

async function usage(pod: Pod): Promise<Json> {
  return (await pod.resources())!.apps['app']!.usage as unknown as Json;
}

async function swapsUpToLimit(root: string): Promise<void> {
  const SWAPPING = { limit: '16Mi', swap: '32Mi' };
  await withSwap(root, async () => {
    assert.equal(await isKilled(root, 32, { limit: '16Mi' }), true);
    assert.equal(await isKilled(root, 64, SWAPPING), true);
    await keep(root, 32, SWAPPING, async (pod) => {
      const { swapBytes, oomKills } = await usage(pod);
      assert.ok(Number(swapBytes) >= 12 * MIB, `${String(swapBytes)} bytes`);
      assert.equal(oomKills, 0);
    });
  });
}

/** What of the app is compressed when it has twice its limit. */
async function compressed(root: string, memory: Json): Promise<number> {
  let bytes = -1;
  await keep(root, 32, { limit: '16Mi', swap: '48Mi', ...memory }, async (pod) => {
    bytes = Number((await pod.exec(['/bin/cat', '/sys/fs/cgroup/memory.zswap.current'])).stdout);
  });
  return bytes;
}

async function compressesUpToLimit(root: string): Promise<void> {
  await withSwap(root, async () => {
    writeFileSync(ZSWAP, 'Y');
    try {
      const [free, none] = [await compressed(root, {}), await compressed(root, { zswap: 0 })];
      assert.ok(free > 0, `${free} bytes`);
      assert.equal(none, 0);
    } finally {
      writeFileSync(ZSWAP, 'N');
    }
  });
}

/** Page cache is what can be reclaimed from it. */
async function staysBelowHigh(root: string): Promise<void> {
  const used = async (memory: Json): Promise<number[]> => {
    let found: number[] = [];
    const script =
      'dd if=/dev/zero of=/file bs=1M count=64 2>/dev/null; cd /sys/fs/cgroup; cat memory.current; grep -w high memory.events';
    await toEnd(shell(root, script, { isolators: { 'resource/memory': memory } }), ({ code, output }) => {
      assert.equal(code, 0);
      found = output.split('\n').map((line) => Number(line.replace('high ', '')));
    });
    return found;
  };
  const [held, times] = await used({ high: '16Mi' });
  assert.ok(held! < 20 * MIB && times! > 0, `${held} bytes, ${times} times above`);
  const [free, never] = await used({ limit: '512Mi' });
  assert.ok(free! > 48 * MIB && never === 0, `${free} bytes, ${never} times above`);
}

/** What an app still has in memory of 24 MiB when its neighbour has filled what they have together. */
async function leftTo(root: string, memory: Json): Promise<number> {
  const app = (name: string, isolators: Json): Json => ({
    name,
    image: 'host',
    exec: [PROBE, 'hold'],
    isolators,
  });
  const apps = [app('owner', { 'resource/memory': memory }), app('neighbour', {})];
  const isolators = { 'resource/memory': { limit: '64Mi' } };
  await using pod = await start(root, [], {}, { apps, isolators });
  const write = (name: string, megabytes: number): Promise<unknown> =>
    pod.exec(['/bin/dd', 'if=/dev/zero', 'of=/file', 'bs=1M', `count=${megabytes}`, 'conv=fsync'], { app: name });
  await write('owner', 24);
  for (let round = 0; round < 3; round++) await write('neighbour', 128);
  return Number((await pod.resources())!.apps['owner']!.usage.memoryBytes);
}

async function keepsWhatIsRequested(root: string): Promise<void> {
  for (const field of ['request', 'min']) {
    const left = await leftTo(root, { [field]: '32Mi' });
    assert.ok(left > 22 * MIB, `${field}: ${left} bytes`);
  }
  const left = await leftTo(root, { limit: '48Mi' });
  assert.ok(left < 20 * MIB, `without: ${left} bytes`);
}

/** Version 1 counts swap with memory. */
export const SWAP_CHECKS: readonly Check[] = [
  { name: 'an app swaps as much as its limit of swap, and no more', run: swapsUpToLimit },
];

export const MEMORY_CHECKS: readonly Check[] = [
  ...SWAP_CHECKS,
  { name: 'what is swapped is compressed within the limit for that', run: compressesUpToLimit },
  { name: 'above the high mark memory is reclaimed, and nobody is killed', run: staysBelowHigh },
  { name: 'an app keeps the memory it requests while its neighbour fills the pod', run: keepsWhatIsRequested },
];
