import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { findDisk, listDisks, splitDevice } from './disk.ts';
import { readStoreFacts } from './store-facts.ts';
import type { DeviceNode, Findings, HostFacts, Look } from './facts.ts';
import { isKernelError } from '../error.ts';

const LOOKERS: { readonly [Kind in keyof Findings]: (path: string) => Findings[Kind] } = {
  text: (path) => orNull(() => readFileSync(path, 'utf8').trim()),
  names: (path) => orNull(() => readdirSync(path).toSorted()),
  node: findNode,
  disk: (path) => orNull(() => findDisk(path)),
  disks: (path) => orNull(() => listDisks(path)),
  store: (path) => orNull(() => readStoreFacts(path)),
  control: (path) => orNull(() => hasControl(dirname(path), basename(path))),
};

/** Only reads. Anything that is missing, or may not be read, is null. */
export function lookAround(looks: readonly Look[]): HostFacts['looked'] {
  return Object.fromEntries(
    looks.map((look) => {
      const space = look.indexOf(' ');
      return [look, LOOKERS[look.slice(0, space) as keyof Findings](look.slice(space + 1))];
    }),
  );
}

/** The root of a hierarchy lacks files that all others have, so that only one below it can tell. */
function hasControl(mountPoint: string, file: string): boolean | null {
  const controller = file.slice(0, file.indexOf('.'));
  const children = readdirSync(mountPoint, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  for (const { name } of children) {
    const child = `${mountPoint}/${name}`;
    // Version 1 has no such list: every cgroup has every controller of its hierarchy.
    const controllers = orNull(() => readFileSync(`${child}/cgroup.controllers`, 'utf8')) ?? controller;
    if (controllers.trim().split(' ').includes(controller)) return readdirSync(child).includes(file);
  }
  return null;
}

function findNode(path: string): DeviceNode | null {
  return orNull(() => {
    const real = realpathSync(path);
    const stat = statSync(real);
    if (!stat.isCharacterDevice() && !stat.isBlockDevice()) return null;
    return {
      path: real,
      type: stat.isBlockDevice() ? 'block' : 'char',
      ...splitDevice(stat.rdev),
      others: stat.mode & 7,
    };
  });
}

function orNull<Found>(look: () => Found): Found | null {
  try {
    return look();
  } catch (error) {
    if (isKernelError(error)) return null;
    throw error;
  }
}
