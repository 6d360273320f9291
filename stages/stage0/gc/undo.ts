import { existsSync } from 'node:fs';
import { PodError } from '../error.ts';
import { mayHold, type NetworkEntry } from '../network/ledger.ts';
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
 * How each kind of thing is given back, in the order in which it must happen: first the processes, then what they held. Every
 * one is safe to repeat, and to run for what was never taken.
 */
const UNDO: ReadonlyMap<string, Undo> = new Map<string, Undo>([
  ['cgroup', undoCgroupEntries],
  ['network', undoNetworkEntries],
  ['marks', undoMarks],
  // While the claim holds: nobody else has the project.
  ['project', undoProjects],
  ['claim', undoClaims],
  ['uid-range', undoUidRange],
]);

/** Gives back all that the ledger names. Throws when something could not be; a later call tries all of it again. */
export async function undoLedger(root: string, uuid: string, ledger: readonly LedgerEntry[]): Promise<void> {
  const unknown = ledger.find((entry) => !UNDO.has(entry.kind));
  if (unknown) {
    throw new PodError(
      'state/io',
      `undo what pod ${uuid} took: the ledger names a "${unknown.kind}", which this version does not know`,
      {
        hint: 'a newer pod made it: run pod gc of that version',
      },
    );
  }
  for (const [kind, undo] of UNDO) {
    const entries = ledger.filter((entry) => entry.kind === kind);
    if (entries.length > 0) await undo(entries, { root, uuid });
  }
}

/** Its own only. A monitor that came to its end has given everything back: then the code that does it is not even loaded. */
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
    hint: 'a process in it hangs in the kernel; run pod gc again when it is gone',
  });
}

/** Looking for the table costs a socket, and few pods have one. */
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
    if (typeof kind === 'string' && typeof key === 'string') claims.release(root, kind, key, uuid);
  }
}

function undoUidRange(entries: readonly LedgerEntry[], { root, uuid }: Context): void {
  for (const { base } of entries) {
    if (typeof base === 'number') releaseRange(base, root, uuid);
  }
}

async function undoNetworkEntries(entries: readonly LedgerEntry[], { root }: Context): Promise<void> {
  const held = (entries as readonly unknown[] as readonly NetworkEntry[]).filter((entry) =>
    mayHold(claims, root, entry),
  );
  if (held.length === 0) return;
  const { undoNetwork } = await import('../network/undo.ts');
  for (const entry of held) undoNetwork(claims, root, entry);
}
