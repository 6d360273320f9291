/** Where a value is written, as needed to find its end. */
export interface ValuePlace {
  /** Column of the name in its line: text further to the right belongs to the name. */
  readonly column: number;
  /** The name is the first of its line, and the text consists of lines. */
  readonly isOwnLine: boolean;
  /** The text between name and value. */
  readonly separator: string;
  /** The name is quoted, as in JSON. */
  readonly isQuotedName: boolean;
  /** A quote opened before the name. */
  readonly outerQuote: string;
  /** The value is a word of a command line. */
  readonly isOption: boolean;
}

const QUOTE = /\\*(?:"""|'''|["'`])/y;
const LITERAL = /(?:-?\d[\d.eE+-]*|true|false|null)(?=[ \t]*(?:[,}\]\r\n]|$))/y;
/** YAML 1.2 8.1, or a value that begins on the next line. */
const BLOCK = /(?:[!&]\S*[ \t]+)*(?:[|>][-+\d]*|[[{(])?[ \t]*(?:#.*)?\r?$/my;
/** A word after the value that clearly does not belong to it. */
const OTHER = /--?[A-Za-z]|\.{0,2}\/|[\w.-]+["']?[ \t]*[=:]|[|&;<>(){}\]#\r\n]|\d+>|$/y;
/** Characters that end a value, unless the following text could still belong to it. */
const ENDS = /[;&,|](?=\s|$|\\*["']?[\w.-]+\\*["']?[ \t]*[=:])|[)}\]]+(?=[\s"'`;,&|)}\]]|$)/y;
const ENDS_OPTION = /[;&|)](?=\s|$)/y;
const CLOSES = /\\*["'`]+(?=[\s;,&|)}\]]|$)/y;

/** Where the value that begins at `from` ends. When in doubt, further on: a secret that was shown cannot be taken back. */
export function endOfValue(text: string, from: number, place: ValuePlace): number {
  const { column, isOwnLine, separator, isQuotedName, outerQuote, isOption } = place;
  const quote = matchAt(QUOTE, text, from);
  if (quote !== undefined) return endOfWord(text, endOfQuoted(text, from, quote), isOption).at;
  if (isOption) return endOfWord(text, from, true).at;
  if (matchAt(BLOCK, text, from) !== undefined) return endOfBlock(text, from, column, separator.includes(':'));
  const literal = isQuotedName ? matchAt(LITERAL, text, from) : undefined;
  if (literal !== undefined) return from + literal.length;
  if (outerQuote !== '') return indexOrEnd(text, outerQuote, from);
  if (isOwnLine || /\s/.test(separator)) return endOfBlock(text, from, column, false);
  return endOfWords(text, from);
}

function endOfQuoted(text: string, from: number, quote: string): number {
  let at = from + quote.length;
  while (at < text.length) {
    // YAML doubles a single quote.
    if (quote === "'" && text.startsWith("''", at)) at += 2;
    else if (text.startsWith(quote, at)) return at + quote.length;
    else at += quote.startsWith('"') && text[at] === '\\' ? 2 : 1;
  }
  return text.length;
}

/** To the end of the line and of its continuation lines: lines further to the right, or after a backslash. */
function endOfBlock(text: string, from: number, column: number, mayBeList: boolean): number {
  let end = indexOrEnd(text, '\n', from);
  for (let next = end + 1; next < text.length;) {
    const nextEnd = indexOrEnd(text, '\n', next);
    const line = text.slice(next, nextEnd);
    const indent = line.search(/\S/);
    const isMore = indent > column || text[end - 1] === '\\' || (mayBeList && indent === column && /^\s*- /.test(line));
    // An empty line is included only if the value continues after it.
    if (indent !== -1 && !isMore) break;
    if (indent !== -1) end = nextEnd;
    next = nextEnd + 1;
  }
  return end;
}

/** All words before one that clearly does not belong to the value. */
function endOfWords(text: string, from: number): number {
  for (let at = from; ;) {
    const word = endOfWord(text, at, false);
    const next = word.at + (matchAt(/[ \t]+/y, text, word.at)?.length ?? 0);
    if (word.isLast || next === word.at || matchAt(OTHER, text, next) !== undefined) return word.at;
    at = next;
  }
}

interface WordEnd {
  readonly at: number;
  /** The following text belongs to what surrounds the value. */
  readonly isLast: boolean;
}

function endOfWord(text: string, from: number, isOption: boolean): WordEnd {
  let at = from;
  while (at < text.length && !/\s/.test(text[at]!)) {
    const isEnd = matchAt(isOption ? ENDS_OPTION : ENDS, text, at) ?? matchAt(CLOSES, text, at);
    if (isEnd !== undefined) return { at, isLast: true };
    const quote = matchAt(QUOTE, text, at);
    if (quote !== undefined && text.includes(quote, at + quote.length)) at = endOfQuoted(text, at, quote);
    else at += text[at] === '\\' ? 2 : 1;
  }
  return { at: Math.min(at, text.length), isLast: false };
}

function indexOrEnd(text: string, what: string, from: number): number {
  const at = text.indexOf(what, from);
  return at === -1 ? text.length : at;
}

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}
