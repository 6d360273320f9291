import { basename, resolve } from 'node:path';
import { PodError } from '../error.ts';
import { readFolder } from '../sets/folder.ts';
import type { ReadLimits } from '../sets/reconcile.ts';
import type { WatchedSource } from '../watch/watch-set.ts';
import { locateRepository } from '../source/local.ts';
import { type OpenedSource, openGitSource } from '../source/open.ts';
import { type GitReference, nameOfSource, originOf, parseSource } from '../source/reference.ts';
import { readSigners } from '../source/signature.ts';
import { renderWarning } from './report.ts';
import type { Invocation } from './verb.ts';

export interface GitFolder {
  /** For the set, when it has no other. */
  readonly name: string;
  readonly source: WatchedSource;
}

/** A folder of a repository. Each reading fetches what is new, and keeps it in place until the next, or until the process ends. */
export async function gitFolder(invocation: Invocation, dir: string): Promise<GitFolder> {
  const { flags, root, terminal, isQuiet } = invocation;
  const { name, reference } = await referenceOf(dir, flags.value('ref'));
  const signersPath = flags.value('allowed-signers');
  let opened: OpenedSource | undefined;
  let told: string | undefined;
  const release = (): void => opened?.[Symbol.dispose]();
  const read: WatchedSource['read'] = async (limits) => {
    release();
    const signers = signersPath === undefined ? undefined : readSigners(signersPath);
    const onWarning = (warning: Error): void => (isQuiet ? undefined : terminal.err(renderWarning(terminal, warning)));
    opened = await inTime(originOf(reference), limits, (signal) =>
      openGitSource(reference, { root, signers, signal, onWarning }),
    );
    const { label, signer } = opened.revision;
    const text = `source ${label}${signer === null ? '' : `, signed by ${signer}`}\n`;
    if (!isQuiet && text !== told) terminal.err(text);
    told = text;
    return readFolder(opened.folder, opened.folder);
  };
  return { name, source: { origin: originOf(reference), read, release } };
}

/** Throws `pod/timeout` when the time limit passes. */
async function inTime<T>(
  origin: string,
  limits: ReadLimits | undefined,
  use: (signal: AbortSignal | undefined) => Promise<T>,
): Promise<T> {
  if (!limits) return use(undefined);
  const late = AbortSignal.timeout(Math.max(1, limits.deadlineMs - Date.now()));
  try {
    return await use(AbortSignal.any(limits.signal ? [late, limits.signal] : [late]));
  } catch (error) {
    if (error !== late.reason) throw error;
    throw new PodError('pod/timeout', `read the manifests of ${origin}: the time limit passed`);
  }
}

async function referenceOf(
  dir: string,
  ref: string | undefined,
): Promise<{ readonly name: string; readonly reference: GitReference }> {
  const reference = parseSource(dir, ref);
  if (reference.kind === 'git') return { name: nameOfSource(reference), reference };
  return { name: basename(resolve(dir)), reference: await locateRepository(dir, ref!) };
}
