// gitignore(5): the same patterns, in `.podignore`.

interface Rule {
  readonly isNegated: boolean;
  readonly onlyDirectories: boolean;
  readonly pattern: RegExp;
}

/** The rules of one `.podignore`, for the folder it lies in and what is below. */
export class IgnoreRules {
  readonly #rules: readonly Rule[];

  constructor(text: string) {
    this.#rules = text.split(/\r?\n/).flatMap(parseRule);
  }

  /** `path` is relative to the folder of the file. Undefined where no rule speaks; the last one that does counts. */
  judge(path: string, isDirectory: boolean): 'ignored' | 'taken' | undefined {
    const rule = this.#rules.findLast((one) => (isDirectory || !one.onlyDirectories) && one.pattern.test(path));
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
  const source = translate(path.replace(/^\//, ''));
  const pattern = compile(isPath ? `^${source}$` : `(?:^|/)${source}$`);
  return pattern ? [{ isNegated, onlyDirectories, pattern }] : [];
}

/** As for git, a range that runs backwards is of nothing. */
function compile(source: string): RegExp | undefined {
  try {
    return new RegExp(source, 'u');
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** A glob as the source of a regular expression. */
function translate(glob: string): string {
  let source = '';
  for (let at = 0; at < glob.length;) {
    const [length, piece] = translateNext(glob, at);
    source += piece;
    at += length;
  }
  return source;
}

function translateNext(glob: string, at: number): [length: number, source: string] {
  const rest = glob.slice(at);
  const startsPart = at === 0 || glob[at - 1] === '/';
  if (startsPart && rest.startsWith('**/')) return [3, '(?:.*/)?'];
  if (startsPart && rest === '**') return [2, '.*'];
  const stars = /^\*+/.exec(rest);
  if (stars) return [stars[0].length, '[^/]*'];
  if (rest.startsWith('?')) return [1, '[^/]'];
  const set = /^\[([!^]?)(\]?[^\]/]+)\]/.exec(rest);
  if (set) return [set[0].length, `[${set[1] === '' ? '' : '^/'}${escapeSet(set[2]!)}]`];
  if (rest.startsWith('\\') && rest.length > 1) return [2, escapeLiteral(rest[1]!)];
  const letter = String.fromCodePoint(rest.codePointAt(0)!);
  return [letter.length, escapeLiteral(letter)];
}

function escapeSet(text: string): string {
  return text.replaceAll(/[\\\][^]/g, '\\$&');
}

function escapeLiteral(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
