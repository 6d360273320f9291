import { PodError } from '../error.ts';
import type { UsernsSpec } from '../manifest/spec.ts';
import { claimFirstFree } from '../pod/claims.ts';

export const UID_KIND = 'uid';
/** Above what /etc/subuid hands out by default, below the ids that mean "none". */
const FIRST_BASE = 0x80000;
const RANGE = 0x10000;
const RANGES = 65_000;

/** Starts at a place that follows from the uuid, so that pods started at once do not all try the same ranges. */
function* candidates(uuid: string): Generator<string> {
  const start = Number.parseInt(uuid.slice(0, 8), 16) % RANGES;
  for (let i = 0; i < RANGES; i++) yield String(FIRST_BASE + ((start + i) % RANGES) * RANGE);
}

/** First host uid of a range no other pod of this root has; null when the pod has no user namespace of its own. */
export function claimUidRange(root: string, uuid: string, userns: UsernsSpec): number | null {
  if (userns.mode === 'host') return null;
  if (userns.size > RANGE) {
    throw new PodError('host/unsupported', `map ${userns.size} ids into the pod: at most ${RANGE} are possible`, {
      at: userns.at,
    });
  }
  const base = claimFirstFree(root, UID_KIND, candidates(uuid), uuid);
  if (base !== undefined) return Number(base);
  throw new PodError('host/unsupported', 'find a range of host ids for the pod: all are taken', {
    at: userns.at,
    hint: 'pod gc frees what dead pods hold',
  });
}
