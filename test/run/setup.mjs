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
};

/** Headers and the static C library, which have no program. */
const FILES = {
  '/usr/include/linux/seccomp.h': 'linux-libc-dev',
  '/usr/include/stdio.h': 'libc6-dev',
};

const SEARCH = [...(process.env.PATH ?? '').split(':'), '/usr/local/sbin', '/usr/sbin', '/sbin'];

function isInstalled(program) {
  return SEARCH.some((dir) => existsSync(`${dir}/${program}`));
}

function missingPackages() {
  const programs = Object.entries(PROGRAMS).filter(([program]) => !isInstalled(program));
  const files = Object.entries(FILES).filter(([file]) => !existsSync(file));
  return [...programs, ...files].map(([, name]) => name);
}

/** Installs what is missing when root on Debian. Returns the packages that are missing still. */
export function setUpMachine(log = console.error) {
  const missing = missingPackages();
  if (missing.length === 0) return [];
  if (process.getuid() !== 0 || !existsSync('/etc/debian_version')) return missing;
  log(`installing ${missing.join(' ')}`);
  const options = { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
  execFileSync('apt-get', ['-qq', 'update'], options);
  execFileSync('apt-get', ['-qq', '-y', '--no-install-recommends', 'install', ...missing], options);
  return missingPackages();
}
