// git(1), gitprotocol-capabilities(5): the host's git, without what a repository or an environment could make it do besides.

import type { Options, Result } from 'execa';
import { PodError } from '../error.ts';
import type { GitReference } from './reference.ts';

export interface GitOptions {
  readonly transport: GitReference['transport'];
  readonly signal?: AbortSignal | undefined;
  /** After which a server counts as one that has stopped to answer. */
  readonly limitMs?: number;
}

/** A repository may be large. */
const LIMIT_MS = 10 * 60_000;

/** What git itself is told; everything else of the user's and the host's configuration counts: proxies, certificates, credentials. */
function settings(transport: GitReference['transport']): string[] {
  return [
    'core.hooksPath=/dev/null',
    'core.fsmonitor=false',
    'core.askPass=',
    'protocol.allow=never',
    `protocol.${transport}.allow=always`,
    'submodule.recurse=false',
    'fetch.recurseSubmodules=false',
    'fetch.fsckObjects=true',
    'transfer.fsckObjects=true',
    'gc.auto=0',
    'maintenance.auto=false',
    'http.lowSpeedLimit=100',
    'http.lowSpeedTime=60',
    'advice.detachedHead=false',
  ];
}

/** What may be said of ssh is the caller's to say; nobody is asked for anything. */
function environment(): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !/^(GIT_|SSH_ASKPASS)/.test(entry[0]),
  );
  const ssh =
    process.env['GIT_SSH_COMMAND'] ?? (process.env['GIT_SSH'] === undefined ? 'ssh -oBatchMode=yes' : undefined);
  return {
    ...Object.fromEntries(kept),
    LC_ALL: 'C',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: '',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_NO_LAZY_FETCH: '1',
    GIT_LFS_SKIP_SMUDGE: '1',
    ...(ssh === undefined ? { GIT_SSH: process.env['GIT_SSH']! } : { GIT_SSH_COMMAND: ssh }),
  };
}

/** Options of execa and the words for git, for those that read what it prints as it comes. */
export function gitCommand(args: readonly string[], options: GitOptions): { words: string[]; options: Options } {
  return {
    words: [...settings(options.transport).flatMap((setting) => ['-c', setting]), ...args],
    options: {
      env: environment(),
      extendEnv: false,
      cwd: '/',
      stdin: 'ignore',
      reject: false,
      timeout: options.limitMs ?? LIMIT_MS,
      ...(options.signal ? { cancelSignal: options.signal } : {}),
    },
  };
}

/** Runs git to its end, whatever its exit code is. Throws `host/tool` when there is no git. */
export async function tryGit(
  args: readonly string[],
  options: GitOptions,
): Promise<{ ok: boolean; stdout: string; stderr: string }> {
  const { execa } = await import('execa');
  const { words, options: own } = gitCommand(args, options);
  const { timeout, cancelSignal: _signal, ...rest } = own;
  options.signal?.throwIfAborted();
  const child = execa('git', words, {
    ...rest,
    // What it starts (git-remote-https, ssh) it leaves alone when it is killed.
    detached: true,
    stripFinalNewline: true,
    maxBuffer: 256 * 1024 * 1024,
  });
  let timedOut = false;
  const end = (): void => endGroup(child.pid);
  const timer = setTimeout(() => {
    timedOut = true;
    end();
  }, timeout);
  options.signal?.addEventListener('abort', end);
  try {
    const result = await child;
    requireRan({ code: result.code, timedOut, isCanceled: options.signal?.aborted ?? false }, options);
    return { ok: result.exitCode === 0, stdout: String(result.stdout), stderr: String(result.stderr) };
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', end);
  }
}

function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGTERM');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** The same; throws when git fails. `attempt` is what a person would call it. */
export async function git(args: readonly string[], attempt: string, options: GitOptions): Promise<string> {
  const { ok, stdout, stderr } = await tryGit(args, options);
  if (ok) return stdout;
  throw gitFailure(attempt, stderr);
}

export function requireRan(
  { code, isCanceled, timedOut }: Pick<Result, 'code' | 'isCanceled' | 'timedOut'>,
  { signal, limitMs = LIMIT_MS }: GitOptions,
): void {
  if (isCanceled) signal?.throwIfAborted();
  if (timedOut) throw new PodError('source/unreachable', `run git: it did not finish within ${limitMs / 1000} s`);
  if (code !== 'ENOENT') return;
  throw new PodError('host/tool', 'run git: there is no such program on this host', { hint: 'install git' });
}

/** What git says last is what went wrong; before that it says how it got there. */
export function gitFailure(attempt: string, stderr: string): PodError {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  const said = lines.find((line) => /^(fatal|error): /.test(line)) ?? lines.at(-1) ?? 'git printed no error';
  const isForeign = stderr.includes('dubious ownership');
  return new PodError('source/unreachable', `${attempt}: ${said.replace(/^(fatal|error): /, '')}`, {
    hint: isForeign
      ? 'the repository belongs to another user: git config --global --add safe.directory PATH marks it as trusted'
      : undefined,
    cause: new Error(stderr),
  });
}
