import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROBE, TOP } from '../harness/paths.ts';
import { makeDisk } from './disk.ts';
import { type Guest, type Machine, mountCgroups, runMachine } from './machine.ts';

/** User-mode Linux, Debian's package `user-mode-linux`: a kernel that is a program, with the machine's own files as its root. */
const KERNEL = '/usr/bin/linux.uml';
const MODULES = '/usr/lib/uml/modules';
const WANTED_MODULES = ['overlay', 'veth', 'bridge', 'nf_tables', 'loop', 'quota_v2'];

function findObstacle(): string | undefined {
  if (process.arch !== 'x64') return 'user-mode Linux is for x86_64';
  if (!existsSync(KERNEL)) return 'not installed: apt-get install user-mode-linux';
  const directories = ['/usr/sbin', '/sbin', '/usr/bin'];
  const missing = (name: string): boolean => !directories.some((dir) => existsSync(join(dir, name)));
  if (missing('modprobe')) return 'not installed: apt-get install kmod';
  return missing('mkfs.ext4') ? 'not installed: apt-get install e2fsprogs' : undefined;
}

async function run(guest: Guest): Promise<string> {
  // Not a directory the guest covers, which are /run, /usr and /var/tmp.
  const dir = mkdtempSync('/tmp/pod-v2-');
  try {
    const script = join(dir, 'init');
    writeFileSync(script, initScript(guest, dir));
    chmodSync(script, 0o755);
    mkdirSync(join(dir, 'modules/lib'), { recursive: true });
    symlinkSync(MODULES, join(dir, 'modules/lib/modules'));
    // The root is read-only: a guest changes nothing of the machine.
    const kernel = `mem=1G ubda=${makeDisk(dir)} rootfstype=hostfs rootflags=/ ro init=${script} con=null con0=null,fd:1 quiet`;
    return await runMachine(KERNEL, [...kernel.split(' '), `uml_dir=${dir}`], dir, guest.limitMs);
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
${mountCgroups(cgroups)}
mount -t ext4 -o prjquota /dev/ubda /mnt
mount --bind ${process.execPath} /mnt${process.execPath.startsWith('/usr/') ? process.execPath : '/usr/bin/true'}
mount --bind /mnt/state /var/tmp
mount --rbind /mnt/usr /usr
mount --bind /usr/bin/probe '${PROBE}'
mkdir /dev/shm
mount -t tmpfs tmpfs /dev/shm
cd '${TOP}'
${process.execPath} ${program} 2>&1
echo o > /proc/sysrq-trigger
while :; do sleep 1; done
`;
}

export const UML: Machine = { findObstacle, run };
