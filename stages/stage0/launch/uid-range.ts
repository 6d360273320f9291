import { PodError } from '../error.ts';
import type { UsernsSpec } from '../manifest/spec.ts';
import { claimRange, isOfDeletedRoot, releaseStrays, UID_RANGES_DIR } from '../pod/uid-ranges.ts';
import type { IdRange } from '../plan/facts.ts';
import { type IdFiles, ID_FILES, type KnownIds, overlaps, readKnownIds } from '../plan/subordinate-ids.ts';

/** Kind of the ledger entries. */
export const UID_RANGE_KIND = 'uid-range';
/** Every pod gets this many ids, however few it uses: ranges of one size cannot overlap partially. */
const SIZE = 0x10000;

const NO_ID = 2 ** 32 - 1;

/**
 * Used when /etc/subuid and /etc/subgid give no ranges to `pod`. The first range is unassigned in systemd's table of ids
 * (doc/UIDS-GIDS), and below 2^31, where some programs take an id for a negative number. The second is part of the range that the
 * table assigns to containers.
 */
const DEFAULT_RANGES: readonly IdRange[] = [
  { first: 0x7000_0000, count: 0x0ffe_0000 },
  { first: 0x1000_0000, count: 0x6000_0000 },
];

/** Where the registry and the host's id files are; only tests use other places. */
export interface UidRangeSources {
  readonly dir: string;
  readonly files: IdFiles;
}

const HOST: UidRangeSources = { dir: UID_RANGES_DIR, files: ID_FILES };

/**
 * Claims a range of host ids that no other pod and no user of this host has. Returns its first id, or null when the pod has no user
 * namespace of its own. docs/decisions/016-ranges-of-host-ids.md
 */
export function claimUidRange(
  root: string,
  uuid: string,
  userns: UsernsSpec,
  { dir, files }: UidRangeSources = HOST,
): number | null {
  if (userns.mode === 'host') return null;
  const known = readKnownIds(files);
  const base = firstFree(known, root, uuid, dir) ?? afterSweep(known, root, uuid, dir);
  if (base !== undefined) return base;
  throw new PodError('host/exhausted', `find a range of host ids for the pod: ${allTaken(known)}`, {
    at: userns.at,
    hint: 'pod gc frees ranges held by dead pods; lines "pod:FIRST:COUNT" in /etc/subuid and /etc/subgid set where pod looks for ranges',
  });
}

/** Retries after releasing the ranges of state directories that were deleted with pods in them. */
function afterSweep(known: KnownIds, root: string, uuid: string, dir: string): number | undefined {
  const swept = releaseStrays((range) => isOfDeletedRoot(range), false, dir);
  return swept.length > 0 ? firstFree(known, root, uuid, dir) : undefined;
}

function firstFree(known: KnownIds, root: string, uuid: string, dir: string): number | undefined {
  for (const base of candidates(known, uuid)) {
    if (claimRange(base, root, uuid, dir)) return base;
  }
  return undefined;
}

/**
 * Starts in each range at a position derived from the uuid, so that pods started at the same time do not all try the same slots.
 */
function* candidates({ own, others }: KnownIds, uuid: string): Generator<number> {
  const start = Number.parseInt(uuid.slice(0, 8), 16);
  for (const { first, count } of own.length > 0 ? own : DEFAULT_RANGES) {
    const slots = Math.floor(count / SIZE);
    for (let i = 0; i < slots; i++) {
      const base = first + ((start + i) % slots) * SIZE;
      // Root's own id, and the number that means "no id" to the kernel, are never given to a pod, whatever the files say.
      if (base === 0 || base + SIZE > NO_ID) continue;
      if (!others.some((other) => overlaps(other, { first: base, count: SIZE }))) yield base;
    }
  }
}

function allTaken({ own }: KnownIds): string {
  const slots = own.reduce((sum, { count }) => sum + Math.floor(count / SIZE), 0);
  if (own.length === 0) return 'all are taken';
  return `the ${slots} that /etc/subuid and /etc/subgid give to "pod" (${SIZE} ids each) are taken`;
}
