import { openSync, readSync, statSync } from 'node:fs';
import { Fd } from '../../../linux/fd.ts';
import { fileFailure } from '../../copy/faults.ts';
import { PodError } from '../../error.ts';
import { TempDir, storeAt } from '../../image/store.ts';
import { packImage } from '../../packing/pack-image.ts';
import type { ImageTicket } from '../../packing/stored-image.ts';
import { readCaller } from '../../plan/read-caller.ts';
import { archiveOutput, archiveToStdout } from '../archive-output.ts';
import { StopOnSignal } from '../stop-on-signal.ts';
import { isTerminal, STDOUT } from '../terminal.ts';
import type { Invocation } from '../verb.ts';
import { WholeFile } from '../whole-file.ts';
import { onlyRef, ticketOf } from './find.ts';
import { runTask } from './run-task.ts';

type Write = (bytes: Uint8Array) => void;

const CHUNK = 1024 * 1024;

export async function exportImage({ flags, root }: Invocation, rest: readonly string[]): Promise<number> {
  const ref = onlyRef(rest);
  const path = flags.value('output-file');
  if (path === undefined)
    throw new PodError('cli/usage', '-O FILE is missing', { hint: `pod image export ${ref} -O FILE` });
  if (path === '-' && isTerminal(STDOUT))
    throw new PodError('cli/usage', 'write an archive to a terminal: it would not be readable', {
      hint: 'name a file, or pipe it into a program',
    });
  const ticket = ticketOf(root, ref, 'export');
  using stop = new StopOnSignal();
  if (path === '-') await pack(ticket, archiveToStdout(), stop.aborted);
  else await packToFile(ticket, path, stop.aborted);
  return 0;
}

async function packToFile(ticket: ImageTicket, path: string, signal: AbortSignal): Promise<void> {
  try {
    const there = statSync(path, { throwIfNoEntry: false });
    if (there && !there.isFile()) {
      // A FIFO or a device is written to, never replaced.
      using into = new Fd(openSync(path, 'w'));
      await pack(ticket, archiveOutput(into.number, `"${path}"`), signal);
    } else {
      using file = new WholeFile(path);
      await pack(ticket, archiveOutput(file.fd, `"${path}"`), signal);
      file.appear();
    }
  } catch (error) {
    throw fileFailure(error, `write "${path}"`);
  }
}

/** Files of a normal user's layers have many owners, so a helper with all of the user's ids packs them, into the store. */
async function pack(ticket: ImageTicket, write: Write, signal: AbortSignal): Promise<void> {
  const caller = readCaller();
  if (!caller) return packImage(ticket, write, signal);
  using temp = TempDir.create(storeAt(ticket.storeDir));
  const path = `${temp.path}/archive`;
  await runTask({ kind: 'pack', ticket, path }, caller, signal);
  using packed = new Fd(openSync(path, 'r'));
  const chunk = Buffer.allocUnsafe(CHUNK);
  for (let got = 1; got > 0;) {
    got = readSync(packed.number, chunk);
    write(chunk.subarray(0, got));
    await new Promise(setImmediate);
    signal.throwIfAborted();
  }
}
