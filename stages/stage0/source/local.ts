// git-rev-parse(1)

import { realpathSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { PodError } from '../error.ts';
import { gitFailure, tryGit } from './git.ts';
import { type GitReference, parseSource } from './reference.ts';

/** The repository that a folder of this host is in, for `--ref`: what was committed counts, not what lies there. */
export async function locateRepository(dir: string, ref: string, signal?: AbortSignal): Promise<GitReference> {
  const attempt = `find the repository of "${dir}"`;
  const asked = ['rev-parse', '--path-format=absolute', '--git-common-dir', '--show-prefix'];
  const found = await tryGit(['-C', realOf(dir, attempt), ...asked], { transport: 'file', signal });
  if (!found.ok) throw gitFailure(attempt, found.stderr);
  const [gitDir, prefix = ''] = found.stdout.split('\n') as [string, string | undefined];
  const encoded = prefix.split('/').map(encodeURIComponent).join('/');
  const reference = parseSource(`git+${pathToFileURL(gitDir).href}//${encoded}`, ref);
  if (reference.kind === 'git') return reference;
  throw new Error(`"${gitDir}" became a folder`);
}

function realOf(dir: string, attempt: string): string {
  try {
    return realpathSync(dir);
  } catch (error) {
    throw new PodError('source/reference', `${attempt}: ${(error as Error).message}`, { cause: error });
  }
}
