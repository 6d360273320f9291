// cgroups(7): control files of a pod that runs

import { closeSync, constants, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { errnoMessage } from '../../linux/errno.ts';
import { directoryOf, hierarchyOf } from '../cgroup/control-files.ts';
import { mapAll, PodError } from '../error.ts';
import type { CgroupFacts, CgroupHierarchy } from '../plan/facts.ts';
import { valueBefore } from './compare.ts';
import { type Located, orderSteps, type Step } from './order-steps.ts';
import type { Change } from './plan-changes.ts';

/** Changes that the kernel has accepted. */
export interface Written {
  /** Puts back what was there before; throws what could not be. */
  readonly rollBack: () => void;
}

/** All of them, or none: when the kernel refuses one, those before it are put back, and the error says which it was. */
export function writeChanges(facts: CgroupFacts, uuid: string, changes: readonly Change[]): Written {
  const located = locateAll(facts, uuid, changes);
  const done: Step[] = [];
  const rollBack = (): void => putBack(done);
  try {
    for (const step of orderSteps(located)) {
      makeRoom(step);
      write(step.located.path, step.value);
      done.push(step);
    }
    for (const one of located) requireInForce(one);
  } catch (error) {
    rollBack();
    throw error instanceof PodError ? error : refusalOf(error, changes);
  }
  return { rollBack };
}

function locateAll(facts: CgroupFacts, uuid: string, changes: readonly Change[]): Located[] {
  return mapAll(changes, (change) => locate(facts, uuid, change)).flat();
}

function nameOf({ app }: Change): string {
  return app === undefined ? 'the pod' : `app "${app}"`;
}

/** Nothing, where an optional file is missing, or where the write is a default and its app has no cgroup for it. */
function locate(facts: CgroupFacts, uuid: string, change: Change): Located[] {
  const { app, write: wanted } = change;
  const hierarchy = hierarchyOf(facts, wanted.controller);
  if (!hierarchy) throw new Error(`no hierarchy has the controller "${wanted.controller}"`);
  const directory = directoryOf(hierarchy, { uuid, app });
  const path = `${directory}/${wanted.file}`;
  const before = readIfPresent(path) ?? readEnabled(hierarchy, change, uuid, path);
  if (before !== undefined) return [{ ...change, path, before }];
  if (wanted.optional || !wanted.at) return [];
  if (statSync(directory, { throwIfNoEntry: false })) {
    throw new PodError('host/unsupported', `${wanted.why}: the kernel has no file "${wanted.file}"`);
  }
  throw new PodError(
    'host/unsupported',
    `${wanted.why}: ${nameOf(change)} has no cgroup of its own for "${wanted.controller}", and its processes cannot be moved to a new one`,
    {
      hint: `on cgroup version ${hierarchy.version} it gets one when the manifest it is started with has a limit of that kind${app === undefined ? '' : '; the limits of the pod hold for it'}`,
    },
  );
}

/** The directory's own parents may not give it the controller yet: on version 2 they can, while it runs. */
function readEnabled(
  { version, mountPoint }: CgroupHierarchy,
  { app, write: { controller } }: Change,
  uuid: string,
  path: string,
): string | undefined {
  const directory = dirname(path);
  if (version === 1 || !statSync(directory, { throwIfNoEntry: false })) return undefined;
  const parents = [
    mountPoint,
    ...(app === undefined ? [] : [directoryOf({ version, mountPoint, controllers: [] }, { uuid })]),
  ];
  for (const parent of parents) write(`${parent}/cgroup.subtree_control`, `+${controller}`);
  return readIfPresent(path);
}

function readIfPresent(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Without making a file, which the kernel would answer with another error. */
function write(path: string, value: string): void {
  const fd = openSync(path, constants.O_WRONLY);
  try {
    writeSync(fd, value);
  } catch (error) {
    throw Object.assign(error as Error, { path });
  } finally {
    closeSync(fd);
  }
}

/** Where the kernel would end processes to make room, it is made before, or the value is refused as version 1 does. */
function makeRoom({ located: { path, write: wanted }, value }: Step): void {
  const { inUse, why } = wanted;
  if (!inUse || value === 'max') return;
  const directory = dirname(path);
  const used = (): number => Number(readFileSync(`${directory}/${inUse.file}`, 'utf8'));
  const excess = used() - Number(value);
  if (excess <= 0) return;
  try {
    write(`${directory}/${inUse.reclaim}`, String(excess));
  } catch (error) {
    // EAGAIN: less was given back than was asked for. ENOENT: until Linux 5.19 there is no such file.
    if (!['EAGAIN', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
  const left = used();
  if (left <= Number(value)) return;
  throw new PodError('host/refused', `${why}: ${left} bytes are in use and cannot be reclaimed`, { hint: UNCHANGED });
}

/** The kernel takes some values that it then does not honour. */
function requireInForce({ path, write: { readBack, value, why } }: Located): void {
  if (!readBack) return;
  const found = readFileSync(path, 'utf8').trim();
  if (found === value) return;
  throw new PodError('host/refused', `${why}: the kernel says "${found}"`, { hint: UNCHANGED });
}

const UNCHANGED = 'nothing was changed';

/** The last first: each state on the way back is one that was accepted on the way there. */
function putBack(done: readonly Step[]): void {
  const failed: string[] = [];
  for (const { located } of done.toReversed()) {
    try {
      write(located.path, valueBefore(located.before, located.write));
    } catch (error) {
      failed.push(`"${located.path}" (${(error as Error).message})`);
    }
  }
  if (failed.length === 0) return;
  throw new PodError('host/refused', `restore the values from before the update: ${failed.join(', ')}`, {
    hint: 'these files keep the new value; pod status shows what is in force',
  });
}

function refusalOf(error: unknown, changes: readonly Change[]): unknown {
  const { code, errno, path } = error as NodeJS.ErrnoException;
  if (code === undefined || errno === undefined) return error;
  if (code === 'ENODEV') return new PodError('pod/died', 'update the pod: it has just ended', { cause: error });
  const file = path?.slice(path.lastIndexOf('/') + 1);
  const isOf = (change: Change): boolean => change.write.file === file && appOf(path) === change.app;
  const why = changes.find(isOf)?.write.why ?? `write to "${path}"`;
  const hint = code === 'EBUSY' ? `more than that is in use; ${UNCHANGED}` : UNCHANGED;
  return new PodError('host/refused', `${why} in "${file}": ${errnoMessage(-errno)}`, { hint, cause: error });
}

function appOf(path: string | undefined): string | undefined {
  return /\/app-([^/]+)\/[^/]+$/.exec(path ?? '')?.[1];
}
