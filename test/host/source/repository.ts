import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after } from 'node:test';
import { type OpenedSource, openGitSource, type OpenOptions } from '../../../stages/stage0/source/open.ts';
import { parseSource } from '../../../stages/stage0/source/reference.ts';

/** A directory for the tests of one file. */
export function useFolder(): string {
  const dir = mkdtempSync('/var/tmp/pod-source-');
  after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

export interface Sources {
  readonly dir: string;
  readonly newRepository: () => Repository;
  readonly newRoot: () => string;
}

/** Repositories and state directories for the tests of one file. */
export function useSources(): Sources {
  const dir = useFolder();
  let count = 0;
  const newRoot = (): string => {
    const root = join(dir, `root-${count++}`);
    mkdirSync(root);
    return root;
  };
  return { dir, newRepository: () => new Repository(join(dir, `repository-${count++}`)), newRoot };
}

/** Where the only source of a root is kept. */
export function cacheOf(root: string): string {
  const [key, ...others] = readdirSync(`${root}/sources`);
  assert.deepEqual(others, []);
  return `${root}/sources/${key!}`;
}

/** A repository with one author, and nothing of the host's or the user's settings. */
export class Repository {
  readonly dir: string;

  constructor(dir: string) {
    this.dir = dir;
    mkdirSync(dir, { recursive: true });
    this.git('init', '--quiet', '--initial-branch=main', '--template=');
  }

  git(...args: readonly string[]): string {
    return this.gitWith('', ...args);
  }

  /** With something on standard input. */
  gitWith(input: string, ...args: readonly string[]): string {
    const who = { NAME: 'A', EMAIL: 'a@example.org', DATE: '2026-01-01T00:00:00Z' };
    const author = Object.entries(who).flatMap(([key, value]) => [
      [`GIT_AUTHOR_${key}`, value],
      [`GIT_COMMITTER_${key}`, value],
    ]);
    const env = {
      ...Object.fromEntries(author),
      PATH: process.env['PATH'],
      HOME: '/nonexistent',
      GIT_CONFIG_NOSYSTEM: '1',
    };
    return execFileSync('git', ['-C', this.dir, ...args], { env, input, encoding: 'utf8' }).trim();
  }

  write(path: string, content: string, mode = 0o644): void {
    mkdirSync(dirname(join(this.dir, path)), { recursive: true });
    writeFileSync(join(this.dir, path), content, { mode });
  }

  /** Everything that is there. The result is the commit. */
  commit(...flags: readonly string[]): string {
    this.git('add', '--all');
    this.git('commit', '--quiet', '--allow-empty', '--message', 'x', ...flags);
    return this.git('rev-parse', 'HEAD');
  }

  /** A commit on the branch whose tree is written by hand: `MODE TYPE ID\tPATH` lines, and blobs by content. */
  commitTree(entries: readonly (readonly [mode: string, path: string, content: string])[]): string {
    const lines = entries.map(([mode, path, content]) => {
      const blob = mode === '160000' ? content : this.gitWith(content, 'hash-object', '-w', '--stdin');
      return `${mode} ${mode === '160000' ? 'commit' : 'blob'} ${blob}\t${path}\0`;
    });
    const tree = this.gitWith(lines.join(''), 'mktree', '-z', '--missing');
    const commit = this.gitWith('x', 'commit-tree', tree);
    this.git('update-ref', 'refs/heads/main', commit);
    return commit;
  }

  url(rest = ''): string {
    return `git+file://${this.dir}${rest}`;
  }
}

export async function openSource(root: string, url: string, more: Partial<OpenOptions> = {}): Promise<OpenedSource> {
  const source = parseSource(url);
  if (source.kind !== 'git') throw new Error(`${url} is a folder`);
  return openGitSource(source, { root, ...more });
}

export function readText(path: string): string {
  return readFileSync(path, 'utf8');
}
