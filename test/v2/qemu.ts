import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { TOP } from '../harness/paths.ts';
import { copyProgram, findProgram, makeImage, makeSystem, withSbin } from './disk.ts';
import { packInitramfs } from './initramfs.ts';
import { type CgroupLayout, type Guest, type Machine, mountCgroups, runMachine } from './machine.ts';
import { fetchPackage } from './packages.ts';
import type { SecurityModule } from './security-module.ts';

/** Debian's kernel for virtual machines, with all that a pod's host needs; emulated, which takes ten times as long. */
const EMULATOR = '/usr/bin/qemu-system-x86_64';
const KERNEL = 'linux-image-cloud-amd64';
/** In the order they are loaded. */
const DISK_MODULES = [
  'virtio_ring',
  'virtio',
  'virtio_pci_legacy_dev',
  'virtio_pci_modern_dev',
  'virtio_pci',
  'virtio_blk',
];
const DISK_DRIVERS = ['drivers/virtio', 'drivers/block'];
const MODULE_FOLDERS = ['net', 'fs/overlayfs', 'drivers/net', 'lib', 'crypto', 'arch', 'block'];
const WANTED_MODULES = ['overlay', 'veth', 'bridge', 'nf_tables', 'bfq', 'sch_htb', 'cls_cgroup'];

/** Boots Debian's kernel with one of its security modules. */
export function newQemu(security: SecurityModule): Machine {
  return { findObstacle: () => findObstacle(security), run: (guest) => run(guest, security) };
}

function findObstacle(security: SecurityModule): string | undefined {
  if (process.arch !== 'x64') return 'the guest is for x86_64';
  if (!existsSync(EMULATOR)) return 'not installed: apt-get install qemu-system-x86';
  try {
    fetchKernel();
    security.fetch();
    return undefined;
  } catch (error) {
    return `a package of the guest cannot be fetched: ${String(error)}`;
  }
}

function fetchKernel(): string {
  return fetchPackage(KERNEL, /linux-image-[0-9]\S+/);
}

function release(): string {
  return readdirSync(join(fetchKernel(), 'lib/modules'))[0]!;
}

async function run(guest: Guest, security: SecurityModule): Promise<string> {
  const dir = mkdtempSync('/tmp/pod-v2-');
  try {
    makeFirstRoot(join(dir, 'first'));
    packInitramfs(join(dir, 'first'), join(dir, 'initramfs'));
    const drive = `file=${makeRoot(join(dir, 'root'), guest, security)},if=virtio,format=raw,cache=unsafe`;
    const kernel = ['-kernel', join(fetchKernel(), `boot/vmlinuz-${release()}`), '-initrd', join(dir, 'initramfs')];
    const append = ['-append', `${security.parameters} console=ttyS0 quiet panic=-1 mitigations=off`];
    const machine =
      '-accel tcg,thread=multi -smp 2 -m 1G -cpu max -nodefaults -no-user-config -display none -no-reboot -serial stdio';
    return await runMachine(
      EMULATOR,
      [...machine.split(' '), ...kernel, ...append, '-drive', drive],
      dir,
      guest.limitMs,
    );
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Loads the disk's driver and goes on from the disk: a pod cannot pivot away from an initramfs. */
function makeFirstRoot(tree: string): void {
  for (const name of ['dev', 'new']) mkdirSync(join(tree, name), { recursive: true });
  for (const name of ['sh', 'mount', 'switch_root', 'insmod']) copyProgram(tree, findProgram(name));
  linkSystem(tree);
  for (const folder of DISK_DRIVERS) {
    const from = join(fetchKernel(), 'lib/modules', release(), 'kernel', folder);
    for (const name of DISK_MODULES) {
      if (existsSync(join(from, `${name}.ko`))) cpSync(join(from, `${name}.ko`), join(tree, `${name}.ko`));
    }
  }
  writeScript(
    join(tree, 'init'),
    `for name in ${DISK_MODULES.join(' ')}; do insmod /$name.ko; done
mount -t devtmpfs devtmpfs /dev
mount -t ext4 -o rw /dev/vda /new
exec switch_root /new /init`,
  );
}

/** Programs name their loader by these. */
function linkSystem(tree: string): void {
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) symlinkSync(`usr/${name}`, join(tree, name));
}

function writeScript(path: string, text: string): void {
  writeFileSync(path, `#!/usr/bin/sh\nexport PATH=/usr/sbin:/usr/bin\n${text}\n`);
  chmodSync(path, 0o755);
}

/** A small system with the built project in /srv/pod. */
function makeRoot(tree: string, { program, cgroups }: Guest, security: SecurityModule): string {
  makeSystem(tree);
  for (const name of ['modprobe', 'ip', 'tc']) copyProgram(tree, findProgram(name));
  mkdirSync(join(tree, dirname(process.execPath)), { recursive: true });
  cpSync(process.execPath, join(tree, process.execPath));
  linkSystem(tree);
  for (const name of ['proc', 'sys', 'dev', 'run', 'tmp', 'etc', 'var/tmp'])
    mkdirSync(join(tree, name), { recursive: true });
  for (const name of ['passwd', 'group']) cpSync(`/etc/${name}`, join(tree, 'etc', name));
  security.addFiles(tree);
  copyModules(tree);
  const project = join(tree, 'srv/pod');
  const cli = readdirSync(join(TOP, 'dist'))
    .filter((name) => /^pod-.*\.cjs$/.test(name))
    .map((name) => `dist/${name}`);
  for (const name of [
    'node_modules/koffi',
    'node_modules/@koromix',
    'dist/stage1-x86_64',
    'bin/pod.cjs',
    ...cli,
    relative(TOP, program),
  ]) {
    if (existsSync(join(TOP, name))) cpSync(join(TOP, name), join(project, name), { recursive: true });
  }
  writeScript(join(tree, 'init'), initScript(`/srv/pod/${relative(TOP, program)}`, cgroups, security));
  return makeImage(tree);
}

function copyModules(tree: string): void {
  const modules = join('usr/lib/modules', release());
  for (const folder of MODULE_FOLDERS) {
    const from = join(fetchKernel(), 'lib/modules', release(), 'kernel', folder);
    if (existsSync(from)) cpSync(from, join(tree, modules, 'kernel', folder), { recursive: true });
  }
  for (const name of ['modules.order', 'modules.builtin', 'modules.builtin.modinfo']) {
    cpSync(join(fetchKernel(), 'lib/modules', release(), name), join(tree, modules, name));
  }
  execFileSync('depmod', ['-b', tree, release()], { stdio: 'pipe', env: withSbin() });
}

function initScript(program: string, cgroups: CgroupLayout, security: SecurityModule): string {
  return `export POD_GUEST=${cgroups} POD_TEST_TOP=/srv/pod TMPDIR=/var/tmp NO_COLOR=1
mount -t proc proc /proc
mount -t sysfs sysfs /sys
${security.script}
mount -t tmpfs tmpfs /run
${mountCgroups(cgroups)}
modprobe -a ${WANTED_MODULES.join(' ')}
ip link set lo up
${process.execPath} ${program} 2>&1
echo o > /proc/sysrq-trigger
while :; do sleep 1; done`;
}
