import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
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
