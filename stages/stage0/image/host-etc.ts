import { lstatSync, readdirSync, readFileSync, readlinkSync, type Stats } from 'node:fs';
import { publicGroup, publicPasswd } from './host-accounts.ts';

/** One entry of the skeleton, relative to its root; parents come first. */
export type SkeletonItem =
  | { readonly path: string; readonly kind: 'directory'; readonly mode: number }
  | { readonly path: string; readonly kind: 'symlink'; readonly target: string }
  | { readonly path: string; readonly kind: 'file'; readonly mode: number; readonly content: Buffer };

/**
 * Files that programs and the C library look up, and that say nothing about who uses this machine or for what. People edit these in
 * place.
 */
const WATCHED = [
  'bash.bashrc',
  'default/locale',
  'ld.so.cache',
  'ld.so.conf',
  'localtime',
  'nsswitch.conf',
  'profile',
  'services',
  'ssl/openssl.cnf',
  'timezone',
];

/**
 * Also included, but only packages change these, by replacing them, which changes `/etc` itself. Each check takes 6 µs of every
 * start.
 */
const QUIET = [
  'alpine-release',
  'arch-release',
  'bashrc',
  'ca-certificates.conf',
  'debian_version',
  'ethertypes',
  'gai.conf',
  'host.conf',
  'inputrc',
  'locale.alias',
  'locale.conf',
  'lsb-release',
  'magic',
  'magic.mime',
  'mailcap',
  'mime.types',
  'networks',
  'os-release',
  'protocols',
  'redhat-release',
  'rpc',
  'shells',
  'system-release',
  'xattr.conf',
];

/** Whole directories. Of `ssl`, only the public part: never `ssl/private`. */
const TREES = [
  'alternatives',
  'crypto-policies',
  'fonts',
  'fonts/conf.d',
  'ld.so.conf.d',
  'perl',
  'pki/ca-trust/extracted',
  'pki/tls/certs',
  'ssl/certs',
  'terminfo',
];

/** Debian keeps parts of these programs in /etc and links to them from /usr. */
const PROGRAM_TREES = /^(java-[0-9]+-openjdk|python3(\.[0-9]+)?)$/;

/** Filled in for each pod; included as mount points. */
const PLACEHOLDERS = ['hostname', 'hosts', 'resolv.conf'];

const MAX_FILE_BYTES = 8 * 1024 * 1024;

export interface HostEtc {
  readonly items: readonly SkeletonItem[];
  /** Host files and directories that determined `items`. */
  readonly sources: readonly string[];
}

export function hostEtc(): HostEtc {
  const walk = new Walk();
  // The directory itself changes when names are added, removed or replaced.
  walk.sources.push('/etc');
  for (const name of WATCHED) walk.add(`etc/${name}`);
  for (const name of QUIET) walk.add(`etc/${name}`, false);
  for (const name of [
    ...TREES,
    ...readdirSync('/etc')
      .filter((entry) => PROGRAM_TREES.test(entry))
      .toSorted(),
  ])
    walk.add(`etc/${name}`);
  walk.addFiltered('etc/passwd', publicPasswd);
  walk.addFiltered('etc/group', (text) => publicGroup(text, readFileSync('/etc/passwd', 'utf8')));
  for (const name of PLACEHOLDERS) walk.items.push(file(`etc/${name}`, Buffer.alloc(0)));
  walk.items.push({ path: 'etc/mtab', kind: 'symlink', target: '../proc/self/mounts' });
  return walk;
}

function file(path: string, content: Buffer): SkeletonItem {
  return { path, kind: 'file', mode: 0o644, content };
}

class Walk implements HostEtc {
  readonly items: SkeletonItem[] = [];
  readonly sources: string[] = [];
  readonly #directories = new Set<string>(['etc']);

  add(path: string, watched = true): void {
    const stat = lstatSync(`/${path}`, { throwIfNoEntry: false });
    // Not owned by root, or not accessible to others: not part of the system.
    if (!stat || stat.uid !== 0) return;
    if (stat.isSymbolicLink()) this.#push({ path, kind: 'symlink', target: readlinkSync(`/${path}`) });
    else if (stat.isDirectory()) this.#addTree(path, stat, watched);
    else if (stat.isFile()) this.#addFile(path, stat, watched);
  }

  addFiltered(path: string, filter: (text: string) => string): void {
    this.sources.push(`/${path}`);
    this.#push(file(path, Buffer.from(filter(readFileSync(`/${path}`, 'utf8')))));
  }

  #addTree(path: string, stat: Stats, watched: boolean): void {
    if ((stat.mode & 0o005) !== 0o005) return;
    if (watched) this.sources.push(`/${path}`);
    // Part of a tree already included; named again so that the file itself is watched.
    if (this.#directories.has(path)) return;
    this.#makeParents(`${path}/.`);
    for (const name of readdirSync(`/${path}`).toSorted()) this.add(`${path}/${name}`, false);
  }

  #addFile(path: string, stat: Stats, watched: boolean): void {
    if ((stat.mode & 0o004) === 0 || stat.size > MAX_FILE_BYTES) return;
    // In a tree, its top directory shows changes: packages and editors replace files.
    if (watched) this.sources.push(`/${path}`);
    const content = readFileSync(`/${path}`);
    // Skips certificates stored together with their key that are readable to everyone by mistake.
    if (content.includes('PRIVATE KEY-----')) return;
    this.#push(file(path, content));
  }

  #push(item: SkeletonItem): void {
    this.#makeParents(item.path);
    this.items.push(item);
  }

  #makeParents(path: string): void {
    for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
      const parent = path.slice(0, slash);
      if (this.#directories.has(parent)) continue;
      this.#directories.add(parent);
      this.items.push({ path: parent, kind: 'directory', mode: 0o755 });
    }
  }
}
