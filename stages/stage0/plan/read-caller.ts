// newuidmap(1), getpwuid(3)

import { readFileSync, statSync } from 'node:fs';
import { isExecutable, isReadWrite } from '../../linux/file.ts';
import type { CallerFacts, IdRange } from './facts.ts';
import { type IdFiles, ID_FILES, parseSubordinateIds } from './subordinate-ids.ts';

/** Undefined for root. */
export function readCaller(files: IdFiles = ID_FILES): CallerFacts | undefined {
  const uid = process.geteuid!();
  if (uid === 0) return undefined;
  const gid = process.getegid!();
  const hasTools = findTool('newuidmap') !== undefined && findTool('newgidmap') !== undefined;
  const network = missingForNetwork().length === 0 ? ({ network: 'slirp4netns' } as const) : {};
  if (!hasTools) return { uid, gid, uids: [], gids: [], ...network };
  const uids = rangesOf(files.subuid, uid);
  const gids = rangesOf(files.subgid, uid);
  // One without the other maps no user whole.
  const hasBoth = uids.length > 0 && gids.length > 0;
  return { uid, gid, uids: hasBoth ? uids : [], gids: hasBoth ? gids : [], ...network };
}

/** What a network of a normal user's own takes and this host does not have, each with what to do. */
export function missingForNetwork(): string[] {
  const missing: string[] = [];
  if (findTool('slirp4netns') === undefined) missing.push('install slirp4netns (the package has that name)');
  if (!isReadWrite('/dev/net/tun')) missing.push('let users open /dev/net/tun (chmod 0666, as udev does)');
  return missing;
}

/** Lines by name or by number; both files have users in their first column. */
export function rangesOf(path: string, uid: number): IdRange[] {
  if (!statSync(path, { throwIfNoEntry: false })) return [];
  const name = nameOf();
  // newuidmap does nothing for a user without an account, such as `docker run --user 54321` makes.
  if (name === undefined) return [];
  const owners = new Set([String(uid), name]);
  return parseSubordinateIds(readFileSync(path, 'utf8')).flatMap(({ owner, first, count }) =>
    owners.has(owner) ? [{ first, count }] : [],
  );
}

/** Of this process's user. */
export function nameOf(): string | undefined {
  try {
    // Root needs no name: loading node:os takes as long as ten reads.
    return process.getBuiltinModule('node:os').userInfo().username;
  } catch {
    // uv_os_get_passwd: ENOENT.
    return undefined;
  }
}

/** Where a program is, by PATH; directories in it that the user may not enter have none for him. */
export function findTool(name: string, path: string = process.env['PATH'] ?? '/usr/bin:/bin'): string | undefined {
  return path
    .split(':')
    .filter((dir) => dir.startsWith('/'))
    .map((dir) => `${dir}/${name}`)
    .find(isExecutable);
}
