import { existsSync } from 'node:fs';
import { PodError } from '../error.ts';
import { isNetworkEntry, mayHold } from '../network/ledger.ts';
import * as claims from '../pod/claims.ts';
import { PROJECT_KIND } from '../pod/projects.ts';
import type { LedgerEntry } from '../pod/ledger.ts';
import { releaseRange } from '../pod/uid-ranges.ts';

interface Context {
  readonly root: string;
  readonly uuid: string;
}

type Undo = (entries: readonly LedgerEntry[], context: Context) => Promise<void> | void;

/**
 * How each kind of resource is released, in the required order: first the processes, then what they held. Each function may be
 * repeated, and may be called for resources that were never taken.
 */
const UNDO: ReadonlyMap<string, Undo> = new Map<string, Undo>([
  ['cgroup', undoCgroupEntries],
  ['cni', undoCni],
  ['network', undoNetworkEntries],
  ['marks', undoMarks],
  // While the claim exists, no other pod can get the project.
  ['project', undoProjects],
  ['claim', undoClaims],
  ['uid-range', undoUidRange],
]);

/** Whether the entries say what their kinds need. For a damaged one, the pod's claims are what is known of it. */
export function isSound(entries: readonly LedgerEntry[], uuid: string): boolean {
  return entries.every((entry) => entry.kind !== 'network' || isNetworkEntry(entry, uuid));
}

/** Releases everything in the ledger. Throws when something could not be released; a later call tries everything again. */
export async function undoLedger(root: string, uuid: string, ledger: readonly LedgerEntry[]): Promise<void> {
  const unknown = ledger.find((entry) => !UNDO.has(entry.kind));
  if (unknown) {
    throw new PodError(
      'state/io',
      `release what pod ${uuid} took from the host: the ledger has an entry "${unknown.kind}", which this version does not know`,
      {
        hint: 'a newer version of pod created the pod: run pod gc of that version',
      },
    );
  }
  for (const [kind, undo] of UNDO) {
    const entries = ledger.filter((entry) => entry.kind === kind);
    if (entries.length > 0) await undo(entries, { root, uuid });
  }
}

/** Only the pod's own cgroups. A monitor that finished has released everything; then the code for it is not even loaded. */
async function undoCgroupEntries(entries: readonly LedgerEntry[], { uuid }: Context): Promise<void> {
  const paths = entries.flatMap(({ path }) =>
    typeof path === 'string' && path.endsWith(`/pod-${uuid}`) && existsSync(path)
      ? [{ kind: 'cgroup' as const, path }]
      : [],
  );
  if (paths.length === 0) return;
  const { undoCgroups } = await import('../cgroup/undo.ts');
  const [left] = undoCgroups(paths);
  if (!left) return;
  throw new PodError('state/io', `remove cgroup "${left.path}": ${left.reason}`, {
    hint: 'a process in the cgroup hangs in the kernel; run pod gc again when the process is gone',
  });
}

/** A pod that ended normally is off its network already. */
async function undoCni(_: readonly LedgerEntry[], { root, uuid }: Context): Promise<void> {
  const { disconnect } = await import('./disconnect.ts');
  await disconnect(root, uuid);
}

/** Few pods have a table, and looking for it costs a socket. */
async function undoMarks(_: readonly LedgerEntry[], { uuid }: Context): Promise<void> {
  const { deleteMarks } = await import('../network/undo-marks.ts');
  deleteMarks(uuid);
}

async function undoProjects(entries: readonly LedgerEntry[], { root, uuid }: Context): Promise<void> {
  const ids = entries.flatMap(({ id }) =>
    typeof id === 'number' && claims.claimOwner(root, PROJECT_KIND, String(id)) === uuid ? [id] : [],
  );
  if (ids.length === 0) return;
  const { liftLimits } = await import('./projects.ts');
  liftLimits(root, ids);
}

function undoClaims(entries: readonly LedgerEntry[], { root, uuid }: Context): void {
  for (const { of: kind, key } of entries) {
    if (typeof kind === 'string' && typeof key === 'string' && claims.isClaim(kind, key))
      claims.release(root, kind, key, uuid);
  }
}

function undoUidRange(entries: readonly LedgerEntry[], { root, uuid }: Context): void {
  for (const { base } of entries) {
    if (typeof base === 'number') releaseRange(base, root, uuid);
  }
}

async function undoNetworkEntries(entries: readonly LedgerEntry[], { root, uuid }: Context): Promise<void> {
  const held = entries.filter((entry) => isNetworkEntry(entry, uuid)).filter((entry) => mayHold(claims, root, entry));
  if (held.length === 0) return;
  const { undoNetwork } = await import('../network/undo.ts');
  for (const entry of held) undoNetwork(claims, root, entry);
}
