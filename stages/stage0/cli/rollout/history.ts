import { findRevision, readHistory } from '../../sets/history.ts';
import { readInventory, requireKnown } from '../../sets/inventory.ts';
import type { Revision } from '../../sets/revision.ts';
import { countFlag } from '../arguments.ts';
import { formatValue, isStructured } from '../format.ts';
import { renderTable } from '../table.ts';
import type { Invocation } from '../verb.ts';
import { noMore, refuseFormat, requireSet } from './require.ts';

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
  refuseFormat(format, 'text', 'json', 'yaml');
  const inventory = readInventory(root, set);
  requireKnown(inventory);
  const number = countFlag(invocation, 'revision');
  const current = inventory.revision?.number;
  if (number !== undefined) {
    const revision = findRevision(root, set, (one) => one.number === number, `revision ${number}`);
    terminal.out(isStructured(format) ? await formatValue(detail(revision, current), format) : manifests(revision));
    return 0;
  }
  const revisions = readHistory(root, set);
  if (isStructured(format))
    terminal.out(
      await formatValue(
        revisions.map((one) => summary(one, current)),
        format,
      ),
    );
  else
    terminal.out(
      renderTable(
        terminal,
        ['REVISION', 'AT', 'CAUSE', 'OUTCOME', 'PODS', 'DIGEST'],
        revisions.map(({ number: own, at, cause, outcome, names, kept, digest }) => [
          `${own}${own === current ? ' (current)' : ''}`,
          at,
          cause,
          outcome,
          kept.length === 0 ? String(names.length) : `${names.length} (${kept.length} kept)`,
          digest.slice('sha256:'.length, 'sha256:'.length + 12),
        ]),
      ),
    );
  return 0;
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
