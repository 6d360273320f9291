// Patterns as in gitignore(5) and glob(7).

/** Matches one character, any number of characters, or any number of leading folders (each name with its slash). */
type Piece =
  | { readonly kind: 'one' | 'many'; readonly takes: (character: string) => boolean }
  /** Always followed by an `inside` piece: the characters of the folder names. */
  | { readonly kind: 'folders' }
  | { readonly kind: 'inside' };

/**
 * A pattern of gitignore(5). Patterns may come from an untrusted repository, so a match takes time proportional to pattern × path;
 * a regular expression with many stars could backtrack endlessly.
 */
export class Glob {
  readonly #pieces: readonly Piece[];

  /** `isAnywhere`: matches at any depth. Throws `SyntaxError` for a set with a reversed range. */
  constructor(glob: string, isAnywhere: boolean) {
    this.#pieces = [...(isAnywhere ? FOLDERS : []), ...parse(glob)];
  }

  matches(path: string): boolean {
    let places = this.#reach([0]);
    for (const character of path) places = this.#reach([...places].flatMap((at) => this.#next(at, character)));
    return places.has(this.#pieces.length);
  }

  /** The pieces that may come next after the piece at `at` has matched the character. */
  #next(at: number, character: string): number[] {
    const piece = this.#pieces[at];
    if (piece?.kind === 'inside') return character === '/' ? [at, at + 1] : [at];
    if (piece === undefined || piece.kind === 'folders' || !piece.takes(character)) return [];
    return [piece.kind === 'many' ? at : at + 1];
  }

  /** Adds the pieces that can be reached without a character, because the pieces before them may match nothing. */
  #reach(from: readonly number[]): Set<number> {
    const reached = new Set(from);
    for (const at of reached) {
      const { kind } = this.#pieces[at] ?? {};
      if (kind === 'many') reached.add(at + 1);
      if (kind === 'folders') reached.add(at + 1).add(at + 2);
    }
    return reached;
  }
}

const FOLDERS: readonly Piece[] = [{ kind: 'folders' }, { kind: 'inside' }];
const ANYTHING: Piece = { kind: 'many', takes: () => true };
const isNoSlash = (character: string): boolean => character !== '/';

function parse(glob: string): Piece[] {
  const pieces: Piece[] = [];
  for (let at = 0; at < glob.length;) {
    const [length, next] = parseNext(glob, at);
    pieces.push(...next);
    at += length;
  }
  return pieces;
}

function parseNext(glob: string, at: number): [length: number, pieces: readonly Piece[]] {
  const rest = glob.slice(at);
  const startsPart = at === 0 || glob[at - 1] === '/';
  if (startsPart && rest.startsWith('**/')) return [3, FOLDERS];
  if (startsPart && rest === '**') return [2, [ANYTHING]];
  const stars = /^\*+/.exec(rest);
  if (stars) return [stars[0].length, [{ kind: 'many', takes: isNoSlash }]];
  if (rest.startsWith('?')) return [1, [{ kind: 'one', takes: isNoSlash }]];
  const set = /^\[([!^]?)(\]?[^\]/]+)\]/.exec(rest);
  if (set) return [set[0].length, [parseSet(set[2]!, set[1] !== '')]];
  const isEscaped = rest.startsWith('\\') && rest.length > 1;
  const letter = String.fromCodePoint(rest.codePointAt(isEscaped ? 1 : 0)!);
  return [letter.length + (isEscaped ? 1 : 0), [{ kind: 'one', takes: (character) => character === letter }]];
}

function parseSet(members: string, isNegated: boolean): Piece {
  const set = new RegExp(`^[${isNegated ? '^/' : ''}${members.replaceAll(/[\\\][^]/g, '\\$&')}]$`, 'u');
  return { kind: 'one', takes: (character) => set.test(character) };
}
