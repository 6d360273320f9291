import { resolve } from 'node:path';
import { PodError } from '../../error.ts';
import { renderImage } from '../../packing/render-image.ts';
import { idCount } from '../../plan/caller.ts';
import { readCaller } from '../../plan/read-caller.ts';
import { StopOnSignal } from '../stop-on-signal.ts';
import type { Invocation } from '../verb.ts';
import { ticketOf } from './find.ts';
import { runTask } from './run-task.ts';

export async function renderTree({ root }: Invocation, rest: readonly string[]): Promise<number> {
  const [ref, directory, more] = rest;
  if (ref === undefined || directory === undefined || directory === '')
    throw new PodError('cli/usage', `${ref === undefined ? 'REF' : 'DIR'} is missing`, {
      hint: 'pod image render REF DIR',
    });
  if (more !== undefined) throw new PodError('cli/usage', `unexpected argument "${more}"`);
  const ticket = ticketOf(root, ref, 'render');
  const path = resolve(directory);
  using stop = new StopOnSignal();
  const caller = readCaller();
  if (!caller) await renderImage(ticket, path, stop.aborted);
  else await runTask({ kind: 'render', ticket, path, ids: idCount(caller) }, caller, stop.aborted);
  return 0;
}
