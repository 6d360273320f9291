import { appendFileSync } from 'node:fs';
import { parseLines, readIfThere } from './files.ts';
import { POD_FILES } from './layout.ts';

/** Something that the pod takes from the host and that must be released explicitly. Each kind has its own further members. */
export interface LedgerEntry {
  readonly kind: string;
  readonly [member: string]: unknown;
}

/**
 * Must be called before the resources are taken, so that a crash at any point leaves nothing that the ledger does not name. All
 * entries go out in one write, so a later crash can tear at most the last line, whose resource had not been taken yet.
 */
export function appendLedger(podPath: string, entries: readonly LedgerEntry[]): void {
  const text = entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');
  appendFileSync(`${podPath}/${POD_FILES.ledger}`, text, { mode: 0o600 });
}

/** Oldest first; empty when the pod has taken nothing yet. */
export function readLedger(podPath: string): LedgerEntry[] {
  const text = readIfThere(`${podPath}/${POD_FILES.ledger}`);
  return text === undefined ? [] : parseLines(text).filter(isEntry);
}

/** Returns false when a crash left an incomplete or damaged ledger. */
export function isLedgerWhole(podPath: string): boolean {
  const text = readIfThere(`${podPath}/${POD_FILES.ledger}`);
  if (!text?.endsWith('\n')) return false;
  return parseLines(text).filter(isEntry).length === text.split('\n').length - 1;
}

function isEntry(line: object): line is LedgerEntry {
  return typeof (line as { kind?: unknown }).kind === 'string';
}
