import { PodError } from '../error.ts';
import { type GroupEntry, parseId, type PasswdEntry, readGroup, readPasswd } from './accounts.ts';
import { ownerOf } from './read-file.ts';
import { ImageTree } from './tree.ts';
import type { ResolvedImage } from './types.ts';

/** The identity of an app's process. */
export interface ImageUser {
  readonly uid: number;
  readonly gid: number;
  /** Includes the primary group: without it, a process would pass a check that is meant to exclude the group (CVE-2022-36109). */
  readonly supplementaryGids: readonly number[];
  readonly home: string;
  /** Absent for a number without a line in /etc/passwd. */
  readonly name?: string;
}

/**
 * Resolves a user and a group by the image's own files, never the host's. A user is a name, a number, a path (whose owner is the
 * user) or `USER:GROUP`; by default the image's user, otherwise root. Numbers are never looked up as names. With an explicit group,
 * the process gets only the groups asked for, as in other runtimes; otherwise also those in which /etc/group lists the user. The
 * groups of the image are those of its user, and do not apply to another.
 */
export function lookupUser(
  of: ResolvedImage,
  user?: string,
  group?: string,
  supplementary: readonly number[] = [],
): ImageUser {
  using tree = new ImageTree(of);
  const { config } = of;
  const isImagesOwn = user === undefined && group === undefined && supplementary.length === 0;
  const more = isImagesOwn ? (config.supplementaryGids ?? []) : supplementary;
  const [userText, groupText] = splitUser(
    tree,
    user ?? config.user ?? '0',
    group ?? (user === undefined ? config.group : undefined),
  );
  const account = resolveUser(tree, userText);
  const explicit = groupText === undefined ? undefined : resolveGroup(tree, groupText);
  const gid = explicit ?? account.entry?.gid ?? account.gid ?? 0;
  const memberships = explicit === undefined && account.entry ? groupsOf(readGroup(tree), account.entry.name) : [];
  return {
    uid: account.uid,
    gid,
    supplementaryGids: [...new Set([gid, ...memberships, ...more.map((id) => checkId(tree, id))])],
    home: account.entry?.home ?? '/',
    ...(account.entry && { name: account.entry.name }),
  };
}

interface Account {
  readonly uid: number;
  /** Group of a path's owner. */
  readonly gid?: number;
  readonly entry?: PasswdEntry | undefined;
}

function splitUser(tree: ImageTree, user: string, group: string | undefined): readonly [string, string | undefined] {
  for (const text of [user, group ?? '']) {
    if (/\p{Cc}/u.test(text))
      throw unknown(tree, `user ${JSON.stringify(text)}`, 'a control character cannot be in a name');
  }
  const colon = user.startsWith('/') ? -1 : user.indexOf(':');
  if (colon < 0) return [user === '' ? '0' : user, group];
  return [user.slice(0, colon) || '0', group ?? (user.slice(colon + 1) || undefined)];
}

function resolveUser(tree: ImageTree, user: string): Account {
  if (user.startsWith('/')) return ownerAccount(tree, user);
  if (/^[+-]?[0-9]/.test(user) && /^[+-]?[0-9]+$/.test(user)) {
    const uid = parseId(user);
    if (uid === undefined) throw unknown(tree, `user "${user}"`, 'a number of a user is from 0 to 4294967294');
    return { uid, entry: readPasswd(tree).find((entry) => entry.uid === uid) };
  }
  const entry = readPasswd(tree).find(({ name }) => name === user);
  if (!entry) throw unknown(tree, `user "${user}"`, 'its /etc/passwd has no such name');
  return { uid: entry.uid, entry };
}

function ownerAccount(tree: ImageTree, path: string): Account {
  const owner = ownerOf(tree, path);
  if (!owner) throw unknown(tree, `user "${path}"`, 'it has no such file');
  return { ...owner, entry: readPasswd(tree).find(({ uid }) => uid === owner.uid) };
}

function resolveGroup(tree: ImageTree, group: string): number {
  if (group.startsWith('/')) {
    const owner = ownerOf(tree, group);
    if (!owner) throw unknown(tree, `group "${group}"`, 'it has no such file');
    return owner.gid;
  }
  if (/^[+-]?[0-9]+$/.test(group)) {
    const gid = parseId(group);
    if (gid === undefined) throw unknown(tree, `group "${group}"`, 'a number of a group is from 0 to 4294967294');
    return gid;
  }
  const entry = readGroup(tree).find(({ name }) => name === group);
  if (!entry) throw unknown(tree, `group "${group}"`, 'its /etc/group has no such name');
  return entry.gid;
}

function groupsOf(groups: readonly GroupEntry[], name: string): number[] {
  return groups.filter(({ members }) => members.includes(name)).map(({ gid }) => gid);
}

function checkId(tree: ImageTree, id: number): number {
  if (Number.isInteger(id) && parseId(String(id)) !== undefined) return id;
  throw unknown(tree, `group ${id}`, 'a number of a group is from 0 to 4294967294');
}

function unknown(tree: ImageTree, what: string, why: string): PodError {
  return new PodError('image/user', `look up ${what} in image "${tree.ref}": ${why}`);
}
