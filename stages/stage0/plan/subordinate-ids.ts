// subuid(5), subgid(5), passwd(5), group(5)

import { readFileSync, statSync } from 'node:fs';
import type { IdRange } from './facts.ts';

export interface IdFiles {
  readonly subuid: string;
  readonly subgid: string;
  readonly passwd: string;
  readonly group: string;
}

export const ID_FILES: IdFiles = {
  subuid: '/etc/subuid',
  subgid: '/etc/subgid',
  passwd: '/etc/passwd',
  group: '/etc/group',
};

/** Ids in use according to this host's files. */
export interface KnownIds {
  /** Ranges that both files grant to the user `pod`: for pods of root only. */
  readonly own: readonly IdRange[];
  /** Ranges of other users, and the ids of users and groups themselves. */
  readonly others: readonly IdRange[];
}

/** The user under whose name an administrator reserves ids for pods of root. Podman uses `containers` in the same way. */
const OWN_USER = 'pod';
/**
 * Subordinate ids and containers' ids begin here (systemd: doc/UIDS-GIDS). Ids below belong to users; pods get
 * them only if the files grant them.
 */
const LOWEST = 0x80000;

let known: { readonly stamp: string; readonly ids: KnownIds } | undefined;

/** Reads the files again only when one of them has changed. */
export function readKnownIds(files: IdFiles = ID_FILES): KnownIds {
  const stamp = Object.values(files).map(stampOf).join(' ');
  if (known?.stamp !== stamp) known = { stamp, ids: read(files) };
  return known.ids;
}

function stampOf(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats ? `${path} ${stats.ino} ${stats.size} ${stats.mtimeMs}` : path;
}

function read(files: IdFiles): KnownIds {
  const uids = parseSubordinateIds(textOf(files.subuid));
  const gids = parseSubordinateIds(textOf(files.subgid));
  const isOwn = ({ owner }: { readonly owner: string }): boolean => owner === OWN_USER;
  const own = intersect(uids.filter(isOwn), gids.filter(isOwn));
  const lowest = Math.min(LOWEST, ...own.map(({ first }) => first));
  const accounts = [files.passwd, files.group].flatMap((path) => [...idsFrom(lowest, textOf(path))]);
  const taken = accounts.map((first) => ({ first, count: 1 }));
  return { own, others: [...[...uids, ...gids].filter((entry) => !isOwn(entry)), ...taken] };
}

function textOf(path: string): string {
  return statSync(path, { throwIfNoEntry: false }) ? readFileSync(path, 'utf8') : '';
}

/** Lines `user:first:count`; other lines are ignored, as newuidmap(1) does. */
export function parseSubordinateIds(text: string): (IdRange & { readonly owner: string })[] {
  return text.split('\n').flatMap((line) => {
    const match = /^([^:#]+):(\d+):(\d+)$/.exec(line.trim());
    return match ? [{ owner: match[1]!, first: Number(match[2]), count: Number(match[3]) }] : [];
  });
}

/** Ids in the third field of lines of passwd(5) and group(5), from `lowest` on; most hosts have none. */
function* idsFrom(lowest: number, text: string): Generator<number> {
  for (const [, digits] of text.matchAll(/^[^:\n]*:[^:\n]*:(\d+)(?::|$)/gm)) {
    const id = Number(digits);
    if (id >= lowest) yield id;
  }
}

function intersect(one: readonly IdRange[], other: readonly IdRange[]): IdRange[] {
  return one.flatMap((a) =>
    other.flatMap((b) => {
      const first = Math.max(a.first, b.first);
      const count = Math.min(a.first + a.count, b.first + b.count) - first;
      return count > 0 ? [{ first, count }] : [];
    }),
  );
}

export function overlaps(a: IdRange, b: IdRange): boolean {
  return a.first < b.first + b.count && b.first < a.first + a.count;
}
