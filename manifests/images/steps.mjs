import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PATH_EXCLUDES, SUITE } from './recipes.mjs';

// Files are dated no later than this, so that two builds of the same package versions give the same layers.
const SOURCE_DATE_EPOCH = '1767225600';

/** What differs between two installations of the same packages, or is only of use while installing. */
const LEFTOVERS = [
  'etc/resolv.conf',
  'etc/hostname',
  'etc/machine-id',
  'usr/sbin/policy-rc.d',
  'var/cache/ldconfig/aux-cache',
  'var/cache/debconf/templates.dat-old',
  'var/cache/debconf/config.dat-old',
  'var/lib/dpkg/status-old',
  'var/lib/dpkg/diversions-old',
  'var/log/apt',
  'var/log/dpkg.log',
  'var/log/alternatives.log',
  'var/log/fontconfig.log',
  'var/log/bootstrap.log',
  'var/lib/apt/lists',
  'var/cache/apt/pkgcache.bin',
  'var/cache/apt/srcpkgcache.bin',
];

export function run(command, args, options = {}) {
  const env = { ...process.env, SOURCE_DATE_EPOCH, LC_ALL: 'C.UTF-8', DEBIAN_FRONTEND: 'noninteractive' };
  try {
    execFileSync(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1 << 28, ...options });
  } catch (error) {
    throw new Error(
      `${command} ${args.slice(0, 4).join(' ')}… failed: ${String(error.stderr ?? error.message)
        .trim()
        .slice(-2000)}`,
    );
  }
}

/** A minimal Debian in `rootfs`, which must not exist or be empty. */
export function bootstrap(rootfs) {
  const excludes = PATH_EXCLUDES.map((path) => `--dpkgopt=path-exclude=${path}`);
  run('mmdebstrap', [
    '--variant=minbase',
    '--format=directory',
    ...excludes,
    '--dpkgopt=path-include=/usr/share/locale/locale.alias',
    SUITE,
    rootfs,
  ]);
  tidy(rootfs);
}

/** Adds packages to `rootfs` by its own apt, with /proc, /dev and the host's name servers for as long as that takes. */
export function install(rootfs, { packages, remove }) {
  cpSync('/etc/resolv.conf', join(rootfs, 'etc/resolv.conf'), { dereference: true });
  writeFileSync(join(rootfs, 'usr/sbin/policy-rc.d'), '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  const script = `set -e
    mount -t proc proc "$0/proc"
    mount --rbind /dev "$0/dev"
    chroot "$0" apt-get -qq update
    chroot "$0" apt-get -qq -y --no-install-recommends install "$@"
    chroot "$0" apt-get clean`;
  run('unshare', ['--mount', '--', 'sh', '-c', script, rootfs, ...packages]);
  removePaths(rootfs, remove);
  tidy(rootfs);
}

function removePaths(rootfs, paths) {
  for (const path of paths) {
    const target = join(rootfs, path);
    if (path.startsWith('var/log/') && existsSync(target)) emptyDirectory(target);
    else rmSync(target, { recursive: true, force: true });
  }
}

function tidy(rootfs) {
  for (const path of LEFTOVERS) rmSync(join(rootfs, path), { recursive: true, force: true });
  for (const dir of ['tmp', 'run', 'var/tmp', 'dev']) emptyDirectory(join(rootfs, dir));
  // apt wants the directory to be there.
  mkdirSync(join(rootfs, 'var/lib/apt/lists/partial'), { recursive: true });
  writeFileSync(join(rootfs, 'etc/resolv.conf'), '');
  writeFileSync(join(rootfs, 'etc/machine-id'), '');
  run('find', [
    rootfs,
    '-xdev',
    '-newermt',
    `@${SOURCE_DATE_EPOCH}`,
    '-exec',
    'touch',
    '--no-dereference',
    `--date=@${SOURCE_DATE_EPOCH}`,
    '{}',
    '+',
  ]);
}

function emptyDirectory(dir) {
  for (const name of readdirSync(dir)) rmSync(join(dir, name), { recursive: true, force: true });
}

/** Makes an OCI layout of one layer that holds `rootfs`, filled by `fill`. */
export function newLayout(layout, work, fill) {
  run('umoci', ['init', '--layout', layout]);
  run('umoci', ['new', '--image', `${layout}:latest`]);
  addLayer(layout, work, fill);
}

/** Puts a further layer on the layout's image: whatever `fill` changes in the unpacked root. */
export function addLayer(layout, work, fill) {
  const bundle = join(work, 'bundle');
  try {
    run('umoci', ['unpack', '--image', `${layout}:latest`, bundle]);
    fill(join(bundle, 'rootfs'));
    run('umoci', ['repack', '--no-history', '--image', `${layout}:latest`, bundle]);
  } finally {
    rmSync(bundle, { recursive: true, force: true });
  }
}

export function configure(layout, config) {
  const created = new Date(Number(SOURCE_DATE_EPOCH) * 1000).toISOString();
  run('umoci', [
    'config',
    '--no-history',
    '--image',
    `${layout}:latest`,
    '--created',
    created,
    '--author',
    'pod',
    ...config,
  ]);
  run('umoci', ['gc', '--layout', layout]);
}
