import { readFileSync } from 'node:fs';
import { PodError } from '../error.ts';
import { frozenBy } from '../pins/pins.ts';
import { isEffective } from '../sets/changes.ts';
import { compileAll } from '../sets/compile-all.ts';
import { readInventory } from '../sets/inventory.ts';
import { planFolder } from '../sets/plan-set.ts';
import { planOptions, reconcile, type ReconcileOptions, refuse, requireOwn } from '../sets/reconcile.ts';
import { parsePlan, renderPlan } from '../sets/saved-plan.ts';
import { PodStore } from '../pod/store.ts';
import { changeSet } from './change-set.ts';
import { render } from './format.ts';
import { renderWarning } from './report.ts';
import { folderSource } from './set-flags.ts';
import { changeLine } from './set-printer.ts';
import type { Invocation } from './verb.ts';
import { writeOut } from './write-out.ts';

/** `--dry-run`, `--save-plan`: everything but the changes. */
export async function showPlan(invocation: Invocation): Promise<number> {
  const { flags, root, terminal, isQuiet } = invocation;
  const { set, source, mayMove } = await folderSource(invocation);
  const [prune, allowEmpty] = [flags.has('prune'), flags.has('allow-empty')];
  const onWarning = (warning: Error): void => (isQuiet ? undefined : terminal.err(renderWarning(terminal, warning)));
  const options: ReconcileOptions = { root, set, source, mayMove, prune, allowEmpty };
  const inventory = readInventory(root, set);
  requireOwn(options, inventory);
  const files = await source.read();
  const store = new PodStore(root);
  const plan = await planFolder(store, inventory, files, planOptions({ ...options, onWarning }));
  refuse(options, inventory, plan);
  await compileAll(store, inventory, plan.changes, {
    frozen: frozenBy(flags.has('frozen')),
    onWarning,
  });
  const path = flags.value('save-plan');
  if (path !== undefined) {
    const text = renderPlan({ set, root, origin: source.origin, prune, allowEmpty, files }, plan);
    // Manifests may hold secrets.
    writeOut({ path, text, what: 'the plan', mode: 0o600 });
  }
  const shown = plan.changes.filter(({ action }) => action !== 'unchanged');
  const format = flags.value('output') ?? 'text';
  const pods = plan.changes.map(({ name, action, reason }) => ({ name, action, reason }));
  const text = await render(format, {
    value: () => (format === 'jsonl' ? pods : { set, pods }),
    names: () => shown.filter(isEffective).map(({ name }) => name),
    text: () => shown.map((change) => changeLine(terminal, change)).join(''),
  });
  terminal.out(text);
  return 0;
}

/** `--plan`: what was shown then, or nothing. */
export async function applyPlan(invocation: Invocation): Promise<number> {
  const { flags, root } = invocation;
  const path = flags.value('plan')!;
  const plan = parsePlan(read(path), path, root);
  const { set, origin, prune, allowEmpty, files, expected } = plan;
  return changeSet(invocation, set, (options) =>
    reconcile({
      ...options,
      source: { origin, read: () => files },
      mayMove: true,
      prune,
      allowEmpty,
      expected,
      autoRollback: flags.has('auto-rollback'),
    }),
  );
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new PodError('set/plan', `read the plan "${path}": ${(error as Error).message}`, { cause: error });
  }
}
