import type { AppSpec } from '../../manifest/spec.ts';

type Ordered = Pick<AppSpec, 'name' | 'after'>;

/**
 * Kubernetes knows one order: some containers run to their end, one after another, and then all others start together. The names of
 * those that do, if the order of the apps is of that kind; none otherwise.
 */
export function initsOf(apps: readonly Ordered[]): readonly string[] {
  const waited = new Set(apps.flatMap((app) => completedBy(app)));
  const chain: Ordered[] = [];
  for (let rest = apps.filter(({ name }) => waited.has(name)); rest.length > 0;) {
    const next = rest.find((app) => isBehind(app, chain));
    if (!next) return [];
    chain.push(next);
    rest = rest.filter((app) => app !== next);
  }
  const areOthersBehind = apps.every((app) => chain.includes(app) || waitsForLast(app, chain));
  return areOthersBehind ? chain.map(({ name }) => name) : [];
}

function completedBy({ after }: Ordered): string[] {
  return after.filter(({ condition }) => condition === 'completed').map(({ app }) => app);
}

/** It waits for all that is in the chain by waiting for the last, and for nothing else. */
function isBehind(app: Ordered, chain: readonly Ordered[]): boolean {
  const isClean = app.after.every((after) =>
    isImplied(
      after,
      chain.map(({ name }) => name),
    ),
  );
  return isClean && waitsForLast(app, chain);
}

function waitsForLast(app: Ordered, chain: readonly Ordered[]): boolean {
  const last = chain.at(-1);
  return !last || completedBy(app).includes(last.name);
}

/** Whether an init container says the same. */
export function isImplied({ app, condition }: Ordered['after'][number], inits: readonly string[]): boolean {
  return condition === 'completed' && inits.includes(app);
}
