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
  // Both are needed: with only one of them no user can be mapped.
  const hasBoth = uids.length > 0 && gids.length > 0;
  return { uid, gid, uids: hasBoth ? uids : [], gids: hasBoth ? gids : [], ...network };
}

/** What a network for a normal user requires and this host lacks, each with advice. */
export function missingForNetwork(): string[] {
  const missing: string[] = [];
  if (findTool('slirp4netns') === undefined) missing.push('install slirp4netns (the package has that name)');
  if (!isReadWrite('/dev/net/tun')) missing.push('let users open /dev/net/tun (chmod 0666, as udev does)');
  return missing;
}

/** Ranges on lines for the user, by name or by number; both files have the user in the first column. */
function rangesOf(path: string, uid: number): IdRange[] {
  if (!statSync(path, { throwIfNoEntry: false })) return [];
  const name = nameOf();
  // newuidmap does nothing for a user without an account, such as `docker run --user 54321` makes.
  if (name === undefined) return [];
  const owners = new Set([String(uid), name]);
  return parseSubordinateIds(readFileSync(path, 'utf8')).flatMap(({ owner, first, count }) =>
    owners.has(owner) ? [{ first, count }] : [],
  );
}

/** The name of this process's user. */
export function nameOf(): string | undefined {
  try {
    // Loaded on demand: root needs no name, and loading node:os takes as long as ten reads.
    return process.getBuiltinModule('node:os').userInfo().username;
  } catch {
    // uv_os_get_passwd: ENOENT.
    return undefined;
  }
}

/** Finds a program by PATH. A directory that the user may not enter counts as empty. */
export function findTool(name: string, path: string = process.env['PATH'] ?? '/usr/bin:/bin'): string | undefined {
  return path
    .split(':')
    .filter((dir) => dir.startsWith('/'))
    .map((dir) => `${dir}/${name}`)
    .find(isExecutable);
}
