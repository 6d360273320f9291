import { closeSync, existsSync, readdirSync, rmdirSync, statSync, unlinkSync } from 'node:fs';
import { type Claim, claimOwner, listClaims } from '../pod/claims.ts';
import { directoriesOf } from '../cgroup/processes.ts';
import { removeUnusedBridge } from './bridge.ts';
import { tryLockAt } from './remove.ts';
import { asOwner } from './remove-own.ts';
import type { Collected, CollectOptions } from './collection.ts';
import { directoriesIn } from '../pod/files.ts';
import { cgroupMountPoints, isPopulated } from '../pod/host-pids.ts';
import { imagesDir, nurseriesDir, SNAPSHOT_STAGING, snapshotsDir } from '../pod/layout.ts';
import { removeTree } from '../pod/remove-tree.ts';
import { isLocked } from '../pod/lock.ts';
import { memberOrigins } from '../sets/members.ts';
import type { PodDir, PodStore } from '../pod/store.ts';
import { isOfDeletedRoot, releaseStrays, type UidRange } from '../pod/uid-ranges.ts';
import { isUuid } from '../pod/uuid.ts';

/**
 * An empty cgroup of a pod that this root does not know may belong to another root's launch, which takes milliseconds. Running pods
 * have a process in theirs.
 */
const STRAY_CGROUP_MS = 10 * 60_000;

interface Leftover extends Collected {
  /** Returns false when it turned out to be in use. */
  readonly remove: () => boolean;
}

/** Removes what belongs to no pod any more: claims, cgroups, half-unpacked images, and the bridge when no pod is left. */
export async function collectLeftovers(
  store: PodStore,
  options: CollectOptions,
  collected: Collected[],
  failures: { id: string; error: unknown }[],
): Promise<void> {
  /** What fails keeps nothing else from being removed. */
  const attempt = async (id: string, work: () => Promise<void> | void): Promise<void> => {
    try {
      await work();
    } catch (error) {
      failures.push({ id, error });
    }
  };
  for (const [kind, list] of Object.entries({ strayClaims, strayCgroups, newborns, strayStagings })) {
    await attempt(kind, async () => {
      for (const { what, id, why, remove } of list(store))
        await attempt(id, () => void ((options.isDryRun || remove()) && collected.push({ what, id, why })));
    });
  }
  await attempt('uid-range', () => {
    for (const { base } of strayRanges(store, options.isDryRun))
      collected.push({ what: 'claim', id: `uid-range/${base}`, why: 'its pod is gone' });
  });
  await attempt('sources', () => sweepRepositories(store.root, options.isDryRun, collected));
  if (options.isDryRun) return;
  await attempt('images', () => sweepImages(store.root, collected));
  await attempt('network', async () => {
    const bridge = await removeUnusedBridge(store.root);
    if (bridge !== undefined) collected.push({ what: 'network', id: bridge, why: 'no pod is on it' });
  });
}

function* strayClaims(store: PodStore): Generator<Leftover> {
  // Lists claims first: the claim of a pod that is made after this is not in the list.
  const claims = listClaims(store.root);
  const pods = new Set(store.list().map((pod) => pod.uuid));
  const isLaunching = store.list(['prepare']).some((pod) => isLocked(pod.path));
  for (const one of claims) {
    if (pods.has(one.uuid) || (one.uuid === '' && (isLaunching || isWritten(store.root, one)))) continue;
    const path = `${store.root}/claims/${one.kind}/${one.key}`;
    yield { what: 'claim', id: `${one.kind}/${one.key}`, why: 'its pod is gone', remove: () => unlinkIfThere(path) };
  }
}

/** Ranges of this state directory's pods, and of deleted state directories. */
function strayRanges(store: PodStore, isDryRun: boolean): UidRange[] {
  if (process.geteuid!() !== 0) return [];
  const isStray = (range: UidRange): boolean =>
    range.root === store.root ? store.locate(range.uuid) === undefined : isOfDeletedRoot(range);
  return releaseStrays(isStray, isDryRun);
}

/**
 * A claim is empty for an instant between its creation and its writing. When no launch is in progress, a claim that is still empty
 * was left by a maker that was killed in between.
 */
function isWritten(root: string, { kind, key }: Claim): boolean {
  return claimOwner(root, kind, key) !== '';
}

function unlinkIfThere(path: string): boolean {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return true;
}

/** Directories of pods whose maker was killed before moving them to `prepare`; a locked one still has a maker. */
function* newborns({ root }: PodStore): Generator<Leftover> {
  for (const nursery of directoriesIn(nurseriesDir(root))) {
    for (const uuid of directoriesIn(`${nurseriesDir(root)}/${nursery}`)) {
      const path = `${nurseriesDir(root)}/${nursery}/${uuid}`;
      if (!isUuid(uuid) || isLocked(path)) continue;
      const remove = (): boolean => removeUnlocked({ uuid, path, state: 'prepare' });
      yield { what: 'pod', id: uuid, why: 'its launch was interrupted', remove };
    }
  }
}

/** A maker that has not locked the directory yet waits for the lock, and then makes it again. */
function removeUnlocked(newborn: PodDir): boolean {
  const dead = tryLockAt(newborn);
  if (!dead) return false;
  try {
    removeTree(newborn.path);
  } finally {
    closeSync(dead.fd);
  }
  return true;
}

/** Left by a setup that was killed. A setup in progress holds the lock. */
function* strayStagings({ root }: PodStore): Generator<Leftover> {
  for (const name of directoriesIn(snapshotsDir(root))) {
    const home = `${snapshotsDir(root)}/${name}`;
    const path = `${home}/${SNAPSHOT_STAGING}`;
    if (!existsSync(path) || isLocked(home)) continue;
    yield { what: 'snapshot', id: name, why: 'its setup was interrupted', remove: () => removeStaging(path) };
  }
}

function removeStaging(path: string): boolean {
  removeTree(path);
  return true;
}

function* strayCgroups(store: PodStore): Generator<Leftover> {
  // Only root's pods have cgroups at the top.
  if (process.geteuid!() !== 0) return;
  const pods = new Set(store.list().map((pod) => pod.uuid));
  for (const mountPoint of cgroupMountPoints()) {
    for (const name of readdirSync(mountPoint)) {
      const uuid = name.startsWith('pod-') ? name.slice('pod-'.length) : '';
      const path = `${mountPoint}/${name}`;
      if (!isUuid(uuid) || pods.has(uuid) || !isStray(path)) continue;
      yield { what: 'cgroup', id: path, why: 'it is empty and its pod is gone', remove: () => removeCgroup(path) };
    }
  }
}

function isStray(path: string): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats !== undefined && Date.now() - stats.mtimeMs >= STRAY_CGROUP_MS && !isPopulated(path);
}

/** Safe, because rmdir rejects a cgroup with a process in it or below. */
function removeCgroup(path: string): boolean {
  try {
    for (const directory of directoriesOf(path)) rmdirSync(directory);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Somebody has begun to use it: it belongs to a pod of another root.
    if (code === 'EBUSY') return false;
    if (code !== 'ENOENT') throw error;
  }
  return true;
}

/** Removes repositories that were checked out for sets that no longer exist. */
async function sweepRepositories(root: string, isDryRun: boolean, collected: Collected[]): Promise<void> {
  if (!existsSync(`${root}/sources`)) return;
  const { sweepSources } = await import('../source/sweep.ts');
  for (const origin of sweepSources(root, memberOrigins(root), isDryRun))
    collected.push({ what: 'source', id: origin, why: 'no set is of it' });
}

async function sweepImages(root: string, collected: Collected[]): Promise<void> {
  const { sweepStore } = await import('../image/store.ts');
  for (const path of await asOwner(() => sweepStore(imagesDir(root)), { kind: 'sweep', storeDir: imagesDir(root) }))
    collected.push({ what: 'image', id: path, why: 'its unpacking was interrupted' });
}
