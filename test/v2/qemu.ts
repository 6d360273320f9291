import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { TOP } from '../harness/paths.ts';
import { copyProgram, findProgram, makeImage, makeSystem, withSbin } from './disk.ts';
import { packInitramfs } from './initramfs.ts';
import { type Guest, type Machine, runMachine } from './machine.ts';

/** Debian's kernel for virtual machines, with all that a pod's host needs; emulated, which takes ten times as long. */
const EMULATOR = '/usr/bin/qemu-system-x86_64';
const PACKAGE = 'linux-image-cloud-amd64';
const KERNEL_DIR = join(TOP, 'dist/test/kernel');
/** For its compiler of profiles. */
const APPARMOR_DIR = join(TOP, 'dist/test/apparmor');
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
const MODULE_FOLDERS = ['net', 'fs/overlayfs', 'drivers/net', 'lib', 'crypto', 'arch'];
const WANTED_MODULES = ['overlay', 'veth', 'bridge', 'nf_tables'];

function findObstacle(): string | undefined {
  if (process.arch !== 'x64') return 'the guest is for x86_64';
  if (!existsSync(EMULATOR)) return 'not installed: apt-get install qemu-system-x86';
  try {
    fetchKernel();
    return undefined;
  } catch (error) {
    return `no kernel: apt-get download ${PACKAGE} failed: ${String(error)}`;
  }
}

/** A host's own boot loader is none of our business, nor is what confines its programs: nothing is installed. */
function fetchKernel(): void {
  if (!existsSync(KERNEL_DIR)) {
    const depends = execFileSync('apt-cache', ['depends', PACKAGE], { encoding: 'utf8' });
    const name = /Depends: (linux-image-\S+)/.exec(depends)?.[1];
    if (name === undefined) throw new Error(`${PACKAGE} depends on no kernel`);
    fetchPackage(name, KERNEL_DIR);
  }
  if (!existsSync(APPARMOR_DIR)) fetchPackage('apparmor', APPARMOR_DIR);
}

/** The package's files. */
function fetchPackage(name: string, to: string): void {
  const temp = mkdtempSync('/tmp/pod-kernel-');
  try {
    // _apt, the user who downloads, has to get in.
    chmodSync(temp, 0o777);
    execFileSync('apt-get', ['-qq', 'download', name], { cwd: temp, stdio: 'pipe' });
    const file = readdirSync(temp).find((each) => each.endsWith('.deb'));
    execFileSync('dpkg', ['-x', join(temp, file!), join(temp, 'files')], { stdio: 'pipe' });
    cpSync(join(temp, 'files'), `${to}.new`, { recursive: true });
    renameSync(`${to}.new`, to);
  } finally {
    rmSync(temp, { recursive: true, force: true });
  }
}

function release(): string {
  return readdirSync(join(KERNEL_DIR, 'lib/modules'))[0]!;
}

async function run({ cgroups, program, limitMs }: Guest): Promise<string> {
  const dir = mkdtempSync('/tmp/pod-v2-');
  try {
    makeFirstRoot(join(dir, 'first'));
    packInitramfs(join(dir, 'first'), join(dir, 'initramfs'));
    const drive = `file=${makeRoot(join(dir, 'root'), program, cgroups)},if=virtio,format=raw,cache=unsafe`;
    const kernel = ['-kernel', join(KERNEL_DIR, `boot/vmlinuz-${release()}`), '-initrd', join(dir, 'initramfs')];
    const append = ['-append', 'apparmor=1 console=ttyS0 quiet panic=-1 mitigations=off'];
    const machine =
      '-accel tcg,thread=multi -smp 2 -m 1G -cpu max -nodefaults -no-user-config -display none -no-reboot -serial stdio';
    return await runMachine(EMULATOR, [...machine.split(' '), ...kernel, ...append, '-drive', drive], dir, limitMs);
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
    const from = join(KERNEL_DIR, 'lib/modules', release(), 'kernel', folder);
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
function makeRoot(tree: string, program: string, cgroups: string): string {
  makeSystem(tree);
  for (const name of ['modprobe', 'ip']) copyProgram(tree, findProgram(name));
  cpSync(join(APPARMOR_DIR, 'sbin/apparmor_parser'), join(tree, 'usr/sbin/apparmor_parser'));
  mkdirSync(join(tree, dirname(process.execPath)), { recursive: true });
  cpSync(process.execPath, join(tree, process.execPath));
  linkSystem(tree);
  for (const name of ['proc', 'sys', 'dev', 'run', 'tmp', 'etc', 'var/tmp'])
    mkdirSync(join(tree, name), { recursive: true });
  for (const name of ['passwd', 'group']) cpSync(`/etc/${name}`, join(tree, 'etc', name));
  copyModules(tree);
  const project = join(tree, 'srv/pod');
  for (const name of ['node_modules/koffi', 'node_modules/@koromix', 'dist/stage1-x86_64', relative(TOP, program)]) {
    if (existsSync(join(TOP, name))) cpSync(join(TOP, name), join(project, name), { recursive: true });
  }
  writeScript(join(tree, 'init'), initScript(`/srv/pod/${relative(TOP, program)}`, cgroups));
  return makeImage(tree);
}

function copyModules(tree: string): void {
  const modules = join('usr/lib/modules', release());
  for (const folder of MODULE_FOLDERS) {
    const from = join(KERNEL_DIR, 'lib/modules', release(), 'kernel', folder);
    if (existsSync(from)) cpSync(from, join(tree, modules, 'kernel', folder), { recursive: true });
  }
  for (const name of ['modules.order', 'modules.builtin', 'modules.builtin.modinfo']) {
    cpSync(join(KERNEL_DIR, 'lib/modules', release(), name), join(tree, modules, name));
  }
  execFileSync('depmod', ['-b', tree, release()], { stdio: 'pipe', env: withSbin() });
}

function initScript(program: string, cgroups: string): string {
  return `export POD_GUEST=${cgroups} POD_TEST_TOP=/srv/pod TMPDIR=/var/tmp NO_COLOR=1
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t securityfs securityfs /sys/kernel/security
mount -t tmpfs tmpfs /run
mount -t cgroup2 cgroup /sys/fs/cgroup
modprobe -a ${WANTED_MODULES.join(' ')}
ip link set lo up
${process.execPath} ${program} 2>&1
echo o > /proc/sysrq-trigger
while :; do sleep 1; done`;
}

export const QEMU: Machine = { findObstacle, run };
