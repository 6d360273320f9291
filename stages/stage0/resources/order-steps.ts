import { isInForce, isWider, union } from './compare.ts';
import type { Change } from './plan-changes.ts';

/** A change, with the control file it is of. */
export interface Located extends Change {
  readonly path: string;
  /** The file's text. */
  readonly before: string;
}

export interface Step {
  readonly located: Located;
  readonly value: string;
}

/**
 * The writes that are needed, in an order in which the kernel never finds a value above the one that bounds it: the limits of an
 * app are bounded by its pod's, and some files by others of their directory. So what widens is written from the outside in, and
 * then what narrows from the inside out. Between two lists of processors of which neither has all of the other's, the pod has both.
 */
export function orderSteps(all: readonly Located[]): Step[] {
  const needed = all.filter(({ before, write }) => !isInForce(before, write));
  const both = needed.flatMap((located) => (located.app === undefined ? widened(located) : []));
  const [wider, narrower] = [needed.filter(widens), needed.filter((located) => !widens(located))];
  return [
    ...both,
    ...wider.toSorted((a, b) => depthOf(a) - depthOf(b)).map(toStep),
    ...narrower.toSorted((a, b) => depthOf(b) - depthOf(a)).map(toStep),
  ];
}

function widens({ before, write }: Located): boolean {
  return isWider(before, write);
}

function widened(located: Located): Step[] {
  const value = located.write.isList ? union(located.before, located.write) : undefined;
  return value === undefined ? [] : [{ located, value }];
}

/** How many bounds may be around it. */
function depthOf({ app, write }: Located): number {
  return (app === undefined ? 0 : 2) + (write.boundedBy === undefined ? 0 : 1);
}

function toStep(located: Located): Step {
  return { located, value: located.write.value };
}
