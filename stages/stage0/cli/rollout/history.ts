import { findRevision, readHistory } from '../../sets/history.ts';
import { readInventory, requireKnown } from '../../sets/inventory.ts';
import type { Revision } from '../../sets/revision.ts';
import { countFlag } from '../arguments.ts';
import { render, type View } from '../format.ts';
import { renderTable } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import type { Invocation } from '../verb.ts';
import { noMore, requireSet } from './require.ts';

/** Newest last, as a log. */
export async function history(
  invocation: Invocation,
  given: string | undefined,
  rest: readonly string[],
): Promise<number> {
  noMore(rest);
  const { flags, root, terminal } = invocation;
  const set = requireSet(given);
  const format = flags.value('output') ?? 'text';
  const inventory = readInventory(root, set);
  requireKnown(inventory);
  const number = countFlag(invocation, 'revision');
  const current = inventory.revision?.number;
  const shown =
    number === undefined
      ? render(format, viewOfAll(terminal, readHistory(root, set), current))
      : render(
          format,
          viewOf(
            findRevision(root, set, (one) => one.number === number, `revision ${number}`),
            current,
          ),
        );
  terminal.out(await shown);
  return 0;
}

function viewOfAll(terminal: Terminal, revisions: readonly Revision[], current: number | undefined): View {
  const header = ['REVISION', 'AT', 'CAUSE', 'OUTCOME', 'PODS', 'DIGEST'];
  const row = ({ number, at, cause, outcome, names, kept, digest }: Revision): string[] => [
    `${number}${number === current ? ' (current)' : ''}`,
    at,
    cause,
    outcome,
    kept.length === 0 ? String(names.length) : `${names.length} (${kept.length} kept)`,
    digest.slice('sha256:'.length, 'sha256:'.length + 12),
  ];
  return {
    value: () => revisions.map((one) => summary(one, current)),
    names: () => revisions.map(({ number }) => String(number)),
    text: () => renderTable(terminal, header, revisions.map(row)),
  };
}

function viewOf(revision: Revision, current: number | undefined): View {
  return {
    value: () => detail(revision, current),
    names: () => [String(revision.number)],
    text: () => manifests(revision),
  };
}

function summary({ number, at, cause, outcome, names, kept, digest }: Revision, current: number | undefined): object {
  const others = kept.map(({ name }) => name);
  return { revision: number, isCurrent: number === current, at, cause, outcome, digest, pods: names, kept: others };
}

function detail(revision: Revision, current: number | undefined): object {
  const files = revision.files.map(({ file, text }) => ({ file, text }));
  return { ...summary(revision, current), files };
}

/** One after another, each with its file's name: what `pod apply` would read. */
function manifests({ files }: Revision): string {
  return files.map(({ file, text }) => `# ${file}\n${text}${text.endsWith('\n') ? '' : '\n'}`).join('---\n');
}
