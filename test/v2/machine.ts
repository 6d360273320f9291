import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { withSbin } from './disk.ts';

export type CgroupLayout = 'v2' | 'v1';

export interface Guest {
  readonly cgroups: CgroupLayout;
  /** Script for Node, run with POD_GUEST set; its output is the result. */
  readonly program: string;
  readonly limitMs: number;
}

/** Of version 1; those that a kernel lacks are left out. */
const CONTROLLERS = 'cpu,cpuacct blkio memory devices freezer pids cpuset hugetlb net_cls net_prio rdma misc';

/** What the guest's first process does; nothing of the machine's own tree is visible in it. */
export function mountCgroups(layout: CgroupLayout): string {
  if (layout === 'v2') return 'mount -t cgroup2 cgroup /sys/fs/cgroup';
  return `mount -t tmpfs tmpfs /sys/fs/cgroup
for name in ${CONTROLLERS}; do
  mkdir /sys/fs/cgroup/$name
  mount -t cgroup -o $name cgroup /sys/fs/cgroup/$name 2>/dev/null || rmdir /sys/fs/cgroup/$name
done`;
}

/** A way to boot another kernel. */
export interface Machine {
  /** What stands in the way on this host; undefined when nothing does. */
  readonly findObstacle: () => string | undefined;
  /** Boots a guest, runs the program in it and returns all that was printed on its console. */
  readonly run: (guest: Guest) => Promise<string>;
}

/** Runs a program that is a guest to its end; one that hangs is killed with all of its process group. */
export async function runMachine(
  command: string,
  args: readonly string[],
  dir: string,
  limitMs: number,
): Promise<string> {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...withSbin(), TMPDIR: dir },
    detached: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  const timer = setTimeout(() => process.kill(-child.pid!, 'SIGKILL'), limitMs);
  const [code, signal] = await once(child, 'close');
  clearTimeout(timer);
  if (code !== 0) output += `\nthe guest ended with ${code ?? signal}; its time limit is ${limitMs} ms`;
  return output.replaceAll('\r', '');
}
