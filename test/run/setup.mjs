// What the tests need of the machine: Debian packages, installed here when we may.

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** Program → the package that holds it. */
const PROGRAMS = {
  cc: 'gcc',
  ip: 'iproute2',
  nft: 'nftables',
  zstd: 'zstd',
  strace: 'strace',
  script: 'bsdutils',
  mount: 'mount',
  mmdebstrap: 'mmdebstrap',
  umoci: 'umoci',
  skopeo: 'skopeo',
  newuidmap: 'uidmap',
  slirp4netns: 'slirp4netns',
  'systemd-analyze': 'systemd',
  git: 'git',
  openssl: 'openssl',
  'ssh-keygen': 'openssh-client',
  iptables: 'iptables',
  zsh: 'zsh',
  fish: 'fish',
};

/** Only test/v2 needs these, and skips without: not every release and architecture has them. A compiler needs its headers. */
const OPTIONAL_PROGRAMS = {
  'linux.uml': 'user-mode-linux',
  'qemu-system-x86_64': 'qemu-system-x86',
  modprobe: 'kmod',
  'mkfs.ext4': 'e2fsprogs',
  'aarch64-linux-gnu-gcc': 'gcc-aarch64-linux-gnu libc6-dev-arm64-cross',
  'qemu-aarch64-static': 'qemu-user-static',
};

/** Headers, the static C library, podman's system call profile and network plugins, which have no program that is searched for. */
const FILES = {
  '/usr/include/linux/seccomp.h': 'linux-libc-dev',
  '/usr/include/stdio.h': 'libc6-dev',
  '/usr/lib/cni/bridge': 'containernetworking-plugins',
  '/usr/share/containers/seccomp.json': 'golang-github-containers-common',
};

const SEARCH = [...(process.env.PATH ?? '').split(':'), '/usr/local/sbin', '/usr/sbin', '/sbin'];

function isInstalled(program) {
  return SEARCH.some((dir) => existsSync(`${dir}/${program}`));
}

function missingOf(programs) {
  return Object.keys(programs)
    .filter((program) => !isInstalled(program))
    .map((program) => programs[program]);
}

function missingPackages() {
  const files = Object.keys(FILES).filter((file) => !existsSync(file));
  return [...missingOf(PROGRAMS), ...files.map((file) => FILES[file])];
}

/** Installs what is missing when root on Debian. Returns the packages that are missing still, and that the tests cannot do without. */
export function setUpMachine(log = console.error) {
  const missing = missingPackages();
  const optional = missingOf(OPTIONAL_PROGRAMS);
  if (missing.length + optional.length === 0) return [];
  if (process.getuid() !== 0 || !existsSync('/etc/debian_version')) return missing;
  log(`installing ${[...missing, ...optional].join(' ')}`);
  aptGet('update');
  if (missing.length > 0) install(missing);
  for (const name of optional) tryInstall(name, log);
  return missingPackages();
}

function aptGet(...args) {
  const options = { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
  execFileSync('apt-get', ['-qq', ...args], options);
}

function install(names) {
  aptGet('-y', '--no-install-recommends', 'install', ...names);
}

function tryInstall(name, log) {
  try {
    install(name.split(' '));
  } catch {
    // apt-get has said why; the tests that need it say that it is missing.
    log(`going on without ${name}`);
  }
}
