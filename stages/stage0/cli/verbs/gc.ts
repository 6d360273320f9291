import { collect } from '../../gc/collect.ts';
import { type Collection, DEFAULT_COLLECT } from '../../gc/collection.ts';
import { durationFlag, noOperands } from '../arguments.ts';
import { isForPeople, render } from '../format.ts';
import { reportError } from '../report.ts';
import { renderTable } from '../table.ts';
import { type Invocation, outputFlag, type Verb } from '../verb.ts';

export const verb: Verb = {
  name: 'gc',
  purpose:
    'Removes leftovers of dead pods: exited pods after a grace period, interrupted launches, claims, cgroups, half-unpacked images.',
  usage: ['pod gc [--grace DUR] [--expire-prepared DUR] [--dry-run]'],
  examples: [
    ['pod gc', 'remove pods that exited more than 30 minutes ago'],
    ['pod gc --grace 0', 'remove all exited pods'],
    ['pod gc --dry-run', 'show what would be removed, without removing it'],
  ],
  flags: [
    { name: 'grace', value: 'DUR', help: 'keep exited pods this long; default 30m' },
    {
      name: 'expire-prepared',
      value: 'DUR',
      help: 'keep prepared pods that never ran this long; default 24h',
    },
    { name: 'dry-run', help: 'remove nothing' },
    outputFlag(),
  ],
  notes: [
    'Running pods are never removed. If another program has removed their bridge or its firewall rules (nft flush ruleset), pod gc restores both.',
  ],
  run: gc,
};

async function gc(invocation: Invocation): Promise<number> {
  noOperands(invocation);
  const { flags, root } = invocation;
  const collection = await collect(root, {
    graceMs: durationFlag(invocation, 'grace') ?? DEFAULT_COLLECT.graceMs,
    expirePreparedMs: durationFlag(invocation, 'expire-prepared') ?? DEFAULT_COLLECT.expirePreparedMs,
    isDryRun: flags.has('dry-run'),
  });
  await show(invocation, collection);
  for (const { error } of collection.failures) await reportError(error);
  return collection.failures.length === 0 ? 0 : 1;
}

async function show(
  { flags, isQuiet, terminal }: Invocation,
  { collected, failures, mended }: Collection,
): Promise<void> {
  if (mended !== undefined && !isQuiet)
    terminal.err(`restored the network ${mended}: part of it had been removed while pods use it\n`);
  const format = flags.value('output') ?? 'table';
  if (isForPeople(format) && collected.length === 0) {
    if (!isQuiet && failures.length === 0) terminal.err('nothing to remove\n');
    return;
  }
  const rows = collected.map(({ what, id, why }) => [what, id, why]);
  const shown = await render(format, {
    value: () => collected,
    names: () => collected.map(({ id }) => id),
    text: () => renderTable(terminal, ['WHAT', 'ID', 'WHY'], rows),
  });
  terminal.out(shown);
}
