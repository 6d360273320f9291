import { readFileSync } from 'node:fs';
import { PodError, PodErrors, podErrorsOf } from '../../error.ts';
import { listImages } from '../../image/catalog.ts';
import { storeAt, TempDir } from '../../image/store.ts';
import type { ImageTicket } from '../../packing/stored-image.ts';
import { type Verdict, verifyImage } from '../../packing/verify-image.ts';
import { idCount } from '../../plan/caller.ts';
import { readCaller } from '../../plan/read-caller.ts';
import { imagesDir } from '../../pod/layout.ts';
import { render } from '../format.ts';
import { StopOnSignal } from '../stop-on-signal.ts';
import { printable } from '../table.ts';
import type { Invocation } from '../verb.ts';
import { ticketOf } from './find.ts';
import { runTask } from './run-task.ts';

/** One after another. What cannot be verified keeps no other from being. */
export async function verify({ flags, root, terminal, isQuiet }: Invocation, rest: readonly string[]): Promise<number> {
  if (flags.has('all') && rest.length > 0) throw new PodError('cli/usage', '--all goes with no REF');
  const refs = flags.has('all') ? listImages(storeAt(imagesDir(root))).map(({ ref }) => ref) : rest;
  if (refs.length === 0 && !flags.has('all'))
    throw new PodError('cli/usage', 'REF is missing', { hint: 'pod image verify --all verifies every image' });
  using stop = new StopOnSignal();
  const verdicts: Verdict[] = [];
  const errors: PodError[] = [];
  for (const ref of refs) {
    try {
      verdicts.push(await verifyOwn(ticketOf(root, ref, 'verify'), stop.aborted));
    } catch (error) {
      errors.push(...podErrorsOf(error));
    }
  }
  const bad = verdicts.filter(({ state }) => state === 'damaged' || state === 'unproven');
  const shown = await render(flags.value('output') ?? 'text', {
    value: () => verdicts,
    names: () => bad.map(({ ref }) => ref),
    text: () => (isQuiet ? bad : verdicts).map(textOf).join(''),
  });
  terminal.out(shown);
  if (errors.length > 0) throw new PodErrors(errors);
  return bad.length > 0 ? 1 : 0;
}

/** Files of a normal user's layers have many owners, so a helper with all of the user's ids reads them. */
async function verifyOwn(ticket: ImageTicket, signal: AbortSignal): Promise<Verdict> {
  const caller = readCaller();
  if (!caller) return verifyImage(ticket, signal);
  using temp = TempDir.create(storeAt(ticket.storeDir));
  const path = `${temp.path}/verdict`;
  await runTask({ kind: 'verify', ticket, path, ids: idCount(caller) }, caller, signal);
  return JSON.parse(readFileSync(path, 'utf8')) as Verdict;
}

const STATES: Readonly<Record<Verdict['state'], string>> = {
  intact: 'intact: every file is what its digests say',
  damaged: 'damaged',
  unproven: 'not proven',
  'in-place': 'used in place: there is no digest of its files',
};

function textOf({ ref, state, differences, reason }: Verdict): string {
  const lines = differences.map(({ layer, path, what, expected, found }) => {
    const file = path === '-' ? '' : `, ${path}`;
    const place = layer === null ? '' : `layer ${layer.slice(0, 12)}${file}: `;
    return printable(`  ${place}${what}: expected ${expected}, found ${found}`);
  });
  const why = reason === undefined ? [] : [printable(`  the files were not compared: ${reason}`)];
  return [`${ref}: ${STATES[state]}`, ...lines, ...why, ''].join('\n');
}
