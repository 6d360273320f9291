import { PodErrors } from '../../error.ts';
import { frozenBy } from '../../pins/pins.ts';
import { PodStore } from '../../pod/store.ts';
import { type Change, isEffective } from '../../sets/changes.ts';
import { readInventory } from '../../sets/inventory.ts';
import { judgeLocks } from '../../sets/lock-check.ts';
import { planFolder } from '../../sets/plan-set.ts';
import { planOptions, requireOwn } from '../../sets/reconcile.ts';
import type { ViewedChange } from '../../sets/views.ts';
import { unifiedDiff } from '../../sets/unified-diff.ts';
import { noOperands } from '../arguments.ts';
import { formatValue, render } from '../format.ts';
import { renderWarning } from '../report.ts';
import { FOLDER_FLAG, folderSource, REPOSITORY_FLAGS, SET_FLAG } from '../set-flags.ts';
import { printable } from '../table.ts';
import { STDOUT, type Style, type Terminal } from '../terminal.ts';
import { type Invocation, outputFlag, type Verb } from '../verb.ts';

export const verb: Verb = {
  name: 'diff',
  purpose: 'Shows what pod apply would change, as a unified diff of YAML between the pods and the folder.',
  usage: ['pod diff -f DIR [--set NAME] [--prune] [-o FORMAT]'],
  examples: [
    ['pod diff -f prod', 'show what would change, line by line'],
    ['pod diff -f prod --prune -o name', 'print the names of the pods that would change'],
  ],
  flags: [
    FOLDER_FLAG,
    SET_FLAG,
    ...REPOSITORY_FLAGS,
    { name: 'prune', help: 'include pods that pod apply --prune would remove' },
    outputFlag('text'),
  ],
  notes: [
    'The diff compares normal forms: defaults are filled in, units are canonical, and images and files that the pod mounts',
    'read-only are shown as digests. Secrets are masked: values in env, files and headers whose name marks them as secret, and',
    'passwords in URLs and on command lines. Exit codes: 0 no changes, 1 changes, 2 the comparison failed.',
  ],
  run: diff,
};

async function diff(invocation: Invocation): Promise<number> {
  noOperands(invocation);
  const { flags, root, terminal } = invocation;
  const { set, source, mayMove } = await folderSource(invocation);
  const options = { root, set, source, mayMove, prune: flags.has('prune') };
  const inventory = readInventory(root, set);
  requireOwn(options, { ...inventory, isSuspended: false });
  const store = new PodStore(root);
  const { changes } = await planFolder(store, inventory, await source.read(), planOptions(options));
  requireAsLocked(invocation, changes);
  const effective = changes.filter(isEffective);
  const shown = await render(flags.value('output') ?? 'text', {
    value: async () => (await viewsOf(store, effective)).map(toObject),
    names: () => effective.map(({ name }) => name),
    text: async () => renderDiff(terminal, await viewsOf(store, effective)),
  });
  terminal.out(shown);
  return effective.length > 0 ? 1 : 0;
}

/** What apply would refuse is not shown as what it would do. */
function requireAsLocked({ terminal, isQuiet }: Invocation, changes: readonly Change[]): void {
  const { errors, warnings } = judgeLocks(
    changes.flatMap(({ desired }) => desired ?? []),
    frozenBy(false),
  );
  if (!isQuiet) for (const warning of warnings) terminal.err(renderWarning(terminal, warning));
  if (errors.length > 0) throw new PodErrors(errors);
}

async function viewsOf(store: PodStore, changes: readonly Change[]): Promise<ViewedChange[]> {
  const { viewChange } = await import('../../sets/views.ts');
  return changes.map((change) => viewChange(store, change));
}

function toObject({ change: { name, action, reason }, before = null, after = null }: ViewedChange): object {
  return { name, action, reason, before, after };
}

async function renderDiff(terminal: Terminal, views: readonly ViewedChange[]): Promise<string> {
  let text = '';
  for (const { change, before, after } of views) {
    const lines = unifiedDiff(await yamlLines(before), await yamlLines(after));
    text += head(terminal, change) + lines.map((line) => `${paint(terminal, printable(line))}\n`).join('');
  }
  return text;
}

async function yamlLines(value: unknown): Promise<string[]> {
  return value === undefined ? [] : (await formatValue(value, 'yaml')).trimEnd().split('\n');
}

function head(terminal: Terminal, { name, action, reason, desired, entry }: Change): string {
  const before = entry?.current ? `running/${name}` : '/dev/null';
  const after = action === 'prune' || !desired ? '/dev/null' : desired.path;
  const lines = [`# ${name}: ${action} (${reason})`, `--- ${before}`, `+++ ${after}`];
  return lines.map((line) => `${terminal.paint(STDOUT, 'bold', printable(line))}\n`).join('');
}

const STYLES: Readonly<Record<string, Style>> = { '+': 'green', '-': 'red', '@': 'cyan' };

function paint(terminal: Terminal, line: string): string {
  const style = STYLES[line[0] ?? ''];
  return style ? terminal.paint(STDOUT, style, line) : line;
}
