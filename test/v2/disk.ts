import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, realpathSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { PROBE } from '../harness/paths.ts';

/** What the guest's /usr holds: as much as pods and the checks need. Node is bound over an empty file, it is too big to copy. */
const PROGRAMS =
  `awk basename bash cat chgrp chmod chown chrt cp cut date dd df dirname du echo env expr false find flock getent grep head hostname id ionice ip kill ln ls md5sum mkdir mkfifo mkfs.ext4 mknod mktemp mount mv nice nproc od printf ps pwd readlink realpath renice rm rmdir sed seq setsid sh sha256sum sleep sort stat stty sync sysctl tail taskset tee test timeout touch tr true truncate tty umount uname uniq unshare wc xargs yes`.split(
    ' ',
  );
const SEARCH = ['/usr/bin', '/usr/sbin'];
const SIZE_BYTES = 1024 ** 3;

/**
 * An ext4 image for the guest on user-mode Linux: `usr`, which pods of the host image get, and `state`. The guest's root is
 * hostfs, which can be neither a layer of an overlay nor idmapped.
 */
export function makeDisk(dir: string): string {
  const tree = join(dir, 'disk');
  makeSystem(tree);
  mkdirSync(join(tree, 'state'));
  if (process.execPath.startsWith('/usr/')) {
    mkdirSync(join(tree, dirname(process.execPath)), { recursive: true });
    writeFileSync(join(tree, process.execPath), '');
  }
  return makeImage(tree, PROJECTS);
}

/** The programs and their libraries, the probe, and the libraries of Node. */
export function makeSystem(tree: string): void {
  for (const name of ['usr/bin', 'usr/sbin']) mkdirSync(join(tree, name), { recursive: true });
  for (const name of PROGRAMS) copyProgram(tree, findProgram(name));
  for (const library of librariesOf(process.execPath)) copyInto(tree, library);
  copyInto(tree, PROBE, 'usr/bin/probe');
}

/** For whoever mounts it with `prjquota`, and has the module for that. */
const PROJECTS = ['-O', 'quota,project', '-E', 'quotatype=prjquota'];

export function makeImage(tree: string, features: readonly string[] = []): string {
  const image = `${tree}.img`;
  writeFileSync(image, '');
  truncateSync(image, SIZE_BYTES);
  execFileSync('mkfs.ext4', ['-q', '-F', '-O', '^has_journal', ...features, '-d', tree, image], {
    stdio: 'pipe',
    env: withSbin(),
  });
  return image;
}

export function withSbin(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` };
}

export function findProgram(name: string): string {
  const found = SEARCH.map((dir) => join(dir, name)).find((path) => existsSync(path));
  if (found === undefined) throw new Error(`no ${name} in ${SEARCH.join(' or ')}`);
  return found;
}

export function copyProgram(tree: string, path: string): void {
  copyInto(tree, path);
  for (const library of librariesOf(path)) copyInto(tree, library);
}

/** By the place its directory really is at: /lib is a link to /usr/lib. */
function copyInto(tree: string, path: string, to = join(realpathSync(dirname(path)), basename(path))): void {
  const target = join(tree, to);
  mkdirSync(dirname(target), { recursive: true });
  cpSync(realpathSync(path), target);
}

function librariesOf(program: string): string[] {
  const text = execFileSync('ldd', [program], { encoding: 'utf8' });
  return text.match(/\/[^ \n]+(?= \()/g) ?? [];
}
