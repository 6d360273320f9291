import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { type ErrorCode, PodError, PodErrors, type Position } from '../error.ts';
import { resolveImage } from '../image/resolve.ts';
import { sweepStore } from '../image/store.ts';
import type { ImageProgress } from '../image/types.ts';
import type { ImageTicket } from '../packing/stored-image.ts';
import { removeTree } from '../pod/remove-tree.ts';

/** Tasks that only a process with all of the user's ids can do, and what the monitor leaves to Node. */
export type InsideTask =
  /** `ids`: how many ids there are. Puts the image into the store. */
  | {
      readonly kind: 'resolve';
      readonly ref: string;
      readonly storeDir: string;
      readonly baseDir: string;
      readonly ids: number;
      readonly at?: Position | undefined;
      readonly digest?: string | undefined;
      readonly asksRegistry?: boolean | undefined;
    }
  /** Writes the image as an archive to a new file. */
  | { readonly kind: 'pack'; readonly ticket: ImageTicket; readonly path: string }
  /** Copies the image's files to a new directory. `ids`: how many ids there are. */
  | { readonly kind: 'render'; readonly ticket: ImageTicket; readonly path: string; readonly ids: number }
  /** Writes the verdict to a new file, as JSON. */
  | { readonly kind: 'verify'; readonly ticket: ImageTicket; readonly path: string; readonly ids: number }
  | { readonly kind: 'sweep'; readonly storeDir: string }
  /** Of root: the pod has ended. */
  | { readonly kind: 'disconnect'; readonly root: string; readonly uuid: string }
  | { readonly kind: 'remove'; readonly path: string; readonly last: readonly string[] };

export type InsideAnswer =
  | { readonly kind: 'progress'; readonly progress: ImageProgress }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly errors: readonly PlainError[] };

interface PlainError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly at?: Position | undefined;
}

/** Does the task and reports progress and the result on the descriptor. */
export async function doInside(task: InsideTask, answerFd: number, signal: AbortSignal): Promise<void> {
  const say = (answer: InsideAnswer): void => void writeSync(answerFd, `${JSON.stringify(answer)}\n`);
  try {
    await perform(task, signal, (progress) => say({ kind: 'progress', progress }));
    say({ kind: 'done' });
  } catch (error) {
    say({ kind: 'failed', errors: plain(error) });
  }
}

async function perform(
  task: InsideTask,
  signal: AbortSignal,
  onProgress: (progress: ImageProgress) => void,
): Promise<void> {
  if (task.kind === 'remove') return removeTree(task.path, task.last);
  if (task.kind === 'disconnect') return (await import('../gc/disconnect.ts')).disconnect(task.root, task.uuid);
  if (task.kind === 'sweep') return void sweepStore(task.storeDir);
  if (task.kind === 'pack') return pack(task.ticket, task.path, signal);
  if (task.kind === 'render') {
    const { renderImage } = await import('../packing/render-image.ts');
    return renderImage(task.ticket, task.path, signal, task.ids);
  }
  if (task.kind === 'verify') {
    const { verifyImage } = await import('../packing/verify-image.ts');
    const verdict = await verifyImage(task.ticket, signal, task.ids);
    return writeFileSync(task.path, JSON.stringify(verdict), { mode: 0o600 });
  }
  const { ref, at, ...options } = task;
  await resolveImage(ref, { ...options, onProgress, signal, ...(at ? { at } : {}) });
}

async function pack(ticket: ImageTicket, path: string, signal: AbortSignal): Promise<void> {
  const { packImage } = await import('../packing/pack-image.ts');
  const fd = openSync(path, 'wx', 0o600);
  try {
    const write = (bytes: Uint8Array): void => {
      for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done);
    };
    await packImage(ticket, write, signal, 'user');
  } finally {
    closeSync(fd);
  }
}

function plain(error: unknown): PlainError[] {
  if (error instanceof PodErrors) return error.errors.map(toPlain);
  if (error instanceof PodError) return [toPlain(error)];
  return [{ code: 'host/refused', message: `work in a user namespace of your ids: ${(error as Error).message}` }];
}

function toPlain({ code, message, hint, at }: PodError): PlainError {
  return { code, message, ...(hint === undefined ? {} : { hint }), ...(at === undefined ? {} : { at }) };
}
