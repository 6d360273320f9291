import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TOP } from '../harness/paths.ts';
import { makeDisk, withSbin } from './disk.ts';

/** User-mode Linux, Debian's package `user-mode-linux`: a kernel that is a program, with the machine's own files as its root. */
const KERNEL = '/usr/bin/linux.uml';
const MODULES = '/usr/lib/uml/modules';
const WANTED_MODULES = ['overlay', 'veth', 'bridge', 'nf_tables'];

export type CgroupLayout = 'v2' | 'v1';

/** Mounted by the guest's first process; nothing of the machine's own tree is visible in it. */
const CGROUP_MOUNTS: Readonly<Record<CgroupLayout, string>> = {
  v2: 'mount -t cgroup2 cgroup /sys/fs/cgroup',
  v1: [
    'mount -t tmpfs tmpfs /sys/fs/cgroup',
    'for name in cpu,cpuacct blkio memory devices freezer pids; do',
    '  mkdir /sys/fs/cgroup/$name && mount -t cgroup -o $name cgroup /sys/fs/cgroup/$name',
    'done',
  ].join('\n'),
};

export interface Guest {
  readonly cgroups: CgroupLayout;
  /** Script for Node, run with POD_GUEST set; its output is the result. */
  readonly program: string;
  readonly limitMs: number;
}

/** What stands in the way of a guest on this machine; undefined when nothing does. */
export function findObstacle(): string | undefined {
  if (process.arch !== 'x64') return 'user-mode Linux is for x86_64';
  if (!existsSync(KERNEL)) return 'not installed: apt-get install user-mode-linux';
  const directories = ['/usr/sbin', '/sbin', '/usr/bin'];
  const missing = (name: string): boolean => !directories.some((dir) => existsSync(join(dir, name)));
  if (missing('modprobe')) return 'not installed: apt-get install kmod';
  return missing('mkfs.ext4') ? 'not installed: apt-get install e2fsprogs' : undefined;
}

/** Boots a guest, runs the program in it and returns all that was printed on its console. */
export async function runGuest(guest: Guest): Promise<string> {
  // Not a directory the guest covers, which are /run, /usr and /var/tmp.
  const dir = mkdtempSync('/tmp/pod-v2-');
  try {
    const script = join(dir, 'init');
    writeFileSync(script, initScript(guest, dir));
    chmodSync(script, 0o755);
    mkdirSync(join(dir, 'modules/lib'), { recursive: true });
    symlinkSync(MODULES, join(dir, 'modules/lib/modules'));
    return await boot(script, makeDisk(dir), dir, guest.limitMs);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function initScript({ cgroups, program }: Guest, dir: string): string {
  return `#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin POD_GUEST=${cgroups} POD_TEST_TOP='${TOP}' TMPDIR=/var/tmp NO_COLOR=1
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t tmpfs tmpfs /run
modprobe -d ${dir}/modules -a ${WANTED_MODULES.join(' ')}
ip link set lo up
${CGROUP_MOUNTS[cgroups]}
mount -t ext4 /dev/ubda /mnt
mount --bind ${process.execPath} /mnt${process.execPath.startsWith('/usr/') ? process.execPath : '/usr/bin/true'}
mount --bind /mnt/state /var/tmp
mount --rbind /mnt/usr /usr
cd '${TOP}'
${process.execPath} ${program} 2>&1
echo o > /proc/sysrq-trigger
while :; do sleep 1; done
`;
}

/** The root is read-only: a guest changes nothing of the machine. */
async function boot(script: string, disk: string, dir: string, limitMs: number): Promise<string> {
  const kernel = `mem=1G ubda=${disk} rootfstype=hostfs rootflags=/ ro init=${script} con=null con0=null,fd:1 quiet`;
  const child = spawn(KERNEL, [...kernel.split(' '), `uml_dir=${dir}`], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...withSbin(), TMPDIR: dir },
    detached: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  // Its own process group: a guest that hangs is ended with all the processes that are its threads.
  const timer = setTimeout(() => process.kill(-child.pid!, 'SIGKILL'), limitMs);
  const [code, signal] = await once(child, 'close');
  clearTimeout(timer);
  if (code !== 0) output += `\nthe guest ended with ${code ?? signal}; its time limit is ${limitMs} ms`;
  return output.replaceAll('\r', '');
}
