// git-verify-commit(1), ssh-keygen(1) "ALLOWED SIGNERS"

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { PodError } from '../error.ts';
import { tryGit } from './git.ts';
import { type GitReference, originOf } from './reference.ts';

/** Who may sign commits. */
export interface Signers {
  /** Absolute. */
  readonly path: string;
  /** Of the file: who was verified by another one was not verified by this one. */
  readonly digest: string;
}

export function readSigners(path: string): Signers {
  let text: Buffer;
  try {
    text = readFileSync(path);
  } catch (error) {
    throw new PodError('source/signature', `read the allowed signers in "${path}": ${(error as Error).message}`, {
      cause: error,
    });
  }
  return { path: resolve(path), digest: createHash('sha256').update(text).digest('hex') };
}

/** Throws `source/signature` unless the commit has an SSH signature of somebody in the file. The result is who that is. */
export async function verifySignature(
  source: GitReference,
  commit: string,
  {
    gitDir,
    signers,
    signal,
  }: { readonly gitDir: string; readonly signers: Signers; readonly signal?: AbortSignal | undefined },
): Promise<string> {
  const options = { transport: source.transport, signal };
  const keys = [
    'gpg.format=ssh',
    `gpg.ssh.allowedSignersFile=${signers.path}`,
    // A key of another kind could be in somebody's keyring, and in no file of allowed signers.
    'gpg.program=/bin/false',
    'gpg.openpgp.program=/bin/false',
    'gpg.x509.program=/bin/false',
    'log.showSignature=false',
  ].flatMap((setting) => ['-c', setting]);
  // %G?: G is good and by somebody known; %GS who.
  const shown = await tryGit(
    [...keys, '--git-dir', gitDir, 'log', '-1', '--no-show-signature', '--format=%G?%n%GS', commit],
    options,
  );
  const [verdict, signer] = shown.stdout.split('\n');
  const verified = await tryGit([...keys, '--git-dir', gitDir, 'verify-commit', commit], options);
  if (shown.ok && verdict === 'G' && signer !== undefined && signer !== '' && verified.ok) return signer;
  throw new PodError(
    'source/signature',
    `verify commit ${commit.slice(0, 12)} of ${originOf(source)}: ${found(verdict, verified.stderr)}`,
    { hint: `only keys in "${signers.path}" for the namespace "git" are accepted`, cause: new Error(verified.stderr) },
  );
}

function found(verdict: string | undefined, stderr: string): string {
  if (verdict === 'N') return 'it has no signature';
  const said = stderr.split('\n').find((line) => line.trim() !== '');
  return verdict === 'B'
    ? 'its signature is bad'
    : `it is not signed by an allowed signer (${said ?? 'no reason given'})`;
}
