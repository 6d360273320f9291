// gitignore(5): the same patterns, in `.podignore`.

import { Glob } from './glob.ts';

interface Rule {
  readonly isNegated: boolean;
  readonly onlyDirectories: boolean;
  readonly pattern: Glob;
}

/** The rules of one `.podignore`, for its folder and everything below. */
export class IgnoreRules {
  readonly #rules: readonly Rule[];

  constructor(text: string) {
    this.#rules = text.split(/\r?\n/).flatMap(parseRule);
  }

  /** `path` is relative to the folder of the file. The last matching rule counts; undefined when no rule matches. */
  judge(path: string, isDirectory: boolean): 'ignored' | 'taken' | undefined {
    const rule = this.#rules.findLast((one) => (isDirectory || !one.onlyDirectories) && one.pattern.matches(path));
    if (!rule) return undefined;
    return rule.isNegated ? 'taken' : 'ignored';
  }
}

function parseRule(line: string): Rule[] {
  // Trailing spaces are ignored, unless the last one is escaped.
  const text = line.replace(/(?<!\\)\s+$/, '');
  if (text === '' || text.startsWith('#')) return [];
  const isNegated = text.startsWith('!');
  const body = isNegated ? text.slice(1) : text;
  const onlyDirectories = body.endsWith('/');
  const path = onlyDirectories ? body.slice(0, -1) : body;
  if (path === '' || path === '/') return [];
  // With a separator inside, the pattern is a path from here; otherwise a name at any depth.
  const isPath = path.includes('/');
  const pattern = compile(path.replace(/^\//, ''), !isPath);
  return pattern ? [{ isNegated, onlyDirectories, pattern }] : [];
}

/** As in git, a reversed range matches nothing. */
function compile(glob: string, isAnywhere: boolean): Glob | undefined {
  try {
    return new Glob(glob, isAnywhere);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
