// gitignore(5): the same patterns, in `.podignore`.

import { Glob } from './glob.ts';

interface Rule {
  readonly isNegated: boolean;
  readonly onlyDirectories: boolean;
  readonly pattern: Glob;
}

/** The rules of one `.podignore`, for the folder it lies in and what is below. */
export class IgnoreRules {
  readonly #rules: readonly Rule[];

  constructor(text: string) {
    this.#rules = text.split(/\r?\n/).flatMap(parseRule);
  }

  /** `path` is relative to the folder of the file. Undefined where no rule speaks; the last one that does counts. */
  judge(path: string, isDirectory: boolean): 'ignored' | 'taken' | undefined {
    const rule = this.#rules.findLast((one) => (isDirectory || !one.onlyDirectories) && one.pattern.matches(path));
    if (!rule) return undefined;
    return rule.isNegated ? 'taken' : 'ignored';
  }
}

function parseRule(line: string): Rule[] {
  // Spaces at the end do not count, unless the last one is escaped.
  const text = line.replace(/(?<!\\)\s+$/, '');
  if (text === '' || text.startsWith('#')) return [];
  const isNegated = text.startsWith('!');
  const body = isNegated ? text.slice(1) : text;
  const onlyDirectories = body.endsWith('/');
  const path = onlyDirectories ? body.slice(0, -1) : body;
  if (path === '' || path === '/') return [];
  // With a separator inside it is a path from here; without one, a name at any depth.
  const isPath = path.includes('/');
  const pattern = compile(path.replace(/^\//, ''), !isPath);
  return pattern ? [{ isNegated, onlyDirectories, pattern }] : [];
}

/** As for git, a range that runs backwards is of nothing. */
function compile(glob: string, isAnywhere: boolean): Glob | undefined {
  try {
    return new Glob(glob, isAnywhere);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
