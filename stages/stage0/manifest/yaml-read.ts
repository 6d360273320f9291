import { Composer, type Document, Lexer, type ParsedNode, Parser, type YAMLParseError } from 'yaml';
import type { CST } from 'yaml';
import { PodError } from '../error.ts';
import type { Source } from './source.ts';
import { EXPLICIT_TAGS } from './yaml-scalars.ts';

/** Far above what people write, far below what costs a second. */
export const MAX_BYTES: number = 4 * 1024 * 1024;
/** Of collections in each other. The composer recurses; this keeps it, and everything after it, off the stack's end. */
export const MAX_DEPTH = 64;
const MAX_LEXEMES = 100_000;
const MAX_SYNTAX_ERRORS = 50;

export interface YamlRead {
  /** Absent when there are errors or the text holds nothing. */
  readonly root?: ParsedNode;
  readonly errors: PodError[];
  readonly warnings: PodError[];
}

export interface YamlReads {
  /** Those that hold something; none when there are errors. */
  readonly roots: readonly ParsedNode[];
  readonly errors: PodError[];
  readonly warnings: PodError[];
}

/** The text's only document. */
export function readYaml(source: Source): YamlRead {
  const { roots, errors, warnings } = readAllYaml(source);
  const [root, second] = roots;
  if (!root) return { errors, warnings };
  if (!second) return { root, errors, warnings };
  const hint = 'put each pod into a file of its own';
  const problem = 'a second YAML document: a manifest holds one pod';
  return { errors: [...errors, syntaxError(source, second.range[0], problem, hint)], warnings };
}

/** The text's documents. Every bound is checked before the work it bounds. */
export function readAllYaml(source: Source): YamlReads {
  const { text } = source;
  const problem = checkText(source);
  if (problem) return { roots: [], errors: [problem], warnings: [] };
  const read = tokenize(source);
  if (read instanceof PodError) return { roots: [], errors: [read], warnings: [] };
  const composer = new Composer({
    // Text only: `yaml-scalars` gives plain scalars their meaning.
    schema: 'failsafe',
    customTags: EXPLICIT_TAGS,
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: 'silent',
  });
  const documents: Document.Parsed[] = [];
  for (const token of read.tokens) for (const document of composer.next(token)) documents.push(document);
  for (const document of composer.end(true, text.length)) documents.push(document);
  return judge(source, documents, read.open);
}

function checkText(source: Source): PodError | undefined {
  const { text } = source;
  if (text.length > MAX_BYTES || (text.length > MAX_BYTES / 3 && Buffer.byteLength(text) > MAX_BYTES)) {
    return syntaxError(
      source,
      0,
      `the manifest is larger than ${MAX_BYTES >> 20} MiB`,
      'keep large files out of it: mount them',
    );
  }
  // YAML forbids them; a terminal that shows the message may obey them.
  // eslint-disable-next-line no-control-regex
  const control = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ufffe\uffff]/.exec(text);
  if (!control) return undefined;
  const code = control[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
  return syntaxError(
    source,
    control.index,
    `the character U+${code} is not allowed in YAML`,
    'in double quotes it can be written with an escape, as in "\\u0007"',
  );
}

interface Tokens {
  readonly tokens: readonly CST.Token[];
  /** Where the `[` and `{` are that the text ends without closing. */
  readonly open: readonly number[];
}

/** The parser keeps open collections on a stack of its own, so depth can be bounded while it reads. */
function tokenize(source: Source): Tokens | PodError {
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  const end = source.text.trimEnd().length;
  let open: readonly number[] = [];
  let count = 0;
  for (const lexeme of new Lexer().lex(source.text)) {
    if (lexeme === FLOW_ERROR_END && parser.offset >= end) open = openCollections(parser);
    for (const token of parser.next(lexeme)) tokens.push(token);
    if (parser.stack.length > MAX_DEPTH + 1) {
      return syntaxError(source, parser.offset, `more than ${MAX_DEPTH} lists and maps are inside each other`);
    }
    if (lexeme[0] === '"' && countBadEscapes(lexeme) > MAX_SYNTAX_ERRORS) {
      return syntaxError(
        source,
        parser.offset - lexeme.length,
        `more than ${MAX_SYNTAX_ERRORS} escapes in this text are not valid`,
      );
    }
    if (++count > MAX_LEXEMES) return syntaxError(source, parser.offset, `more than ${MAX_LEXEMES} YAML tokens`);
  }
  for (const token of parser.end()) tokens.push(token);
  return { tokens, open };
}

/** What the lexer puts where a `[` or `{` should have been closed before. */
const FLOW_ERROR_END = '\u0018';

function openCollections({ stack }: Parser): number[] {
  const outer = stack.findLastIndex(({ type }) => type !== 'flow-collection');
  return stack.slice(outer + 1).map(({ offset }) => offset);
}

const ESCAPE = /\\(?:[0abtnvfre "/\\NLP_\t\n]|\r\n|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})/y;

/** The library makes an error object of each, with a stack: two million of them would take half a minute. */
function countBadEscapes(quoted: string): number {
  let count = 0;
  for (let at = quoted.indexOf('\\'); at !== -1; at = quoted.indexOf('\\', at)) {
    ESCAPE.lastIndex = at;
    if (ESCAPE.test(quoted)) {
      at = ESCAPE.lastIndex;
      continue;
    }
    count++;
    at += 2;
  }
  return count;
}

function judge(source: Source, documents: readonly Document.Parsed[], open: readonly number[]): YamlReads {
  const errors = open.map((offset) => unclosed(source, offset));
  const warnings: PodError[] = [];
  for (const document of documents) {
    for (const error of document.errors.slice(0, MAX_SYNTAX_ERRORS))
      if (!(open.length > 0 && saysUnclosed(error))) errors.push(translate(source, error));
    for (const warning of document.warnings.slice(0, MAX_SYNTAX_ERRORS)) {
      // The value would be taken as if the tag were not there.
      const list = warning.code === 'TAG_RESOLVE_FAILED' ? errors : warnings;
      list.push(translate(source, warning));
    }
  }
  const roots = documents.filter((document) => !isEmpty(document)).map(({ contents }) => contents!);
  if (errors.length > 0) return { roots: [], errors, warnings };
  if (roots.length === 0) return { roots, errors: [syntaxError(source, 0, 'the manifest is empty')], warnings };
  return { roots, errors, warnings };
}

function isEmpty(document: Document.Parsed): boolean {
  const { contents } = document;
  return contents === null || (contents.range[0] === contents.range[1] && !contents.tag && !contents.anchor);
}

function unclosed(source: Source, offset: number): PodError {
  const [begin, end] = source.text[offset] === '[' ? '[]' : '{}';
  return syntaxError(source, offset, `"${begin}" is not closed: the manifest ends before its "${end}"`);
}

/** The library's word for the same, at the end of the text. */
function saysUnclosed({ message }: Pick<YAMLParseError, 'message'>): boolean {
  return /^Flow (?:map|sequence) .*end with a [\]}]$/.test(message);
}

function translate(source: Source, error: Pick<YAMLParseError, 'message' | 'code' | 'pos'>): PodError {
  const [first, ...rest] = error.message;
  const hint = error.code === 'TAB_AS_INDENT' ? 'indent with spaces' : undefined;
  return syntaxError(source, error.pos[0], `${first?.toLowerCase() ?? ''}${rest.join('')}`, hint);
}

export function syntaxError(source: Source, offset: number, problem: string, hint?: string): PodError {
  return new PodError('manifest/syntax', problem, { hint, at: source.position(offset) });
}
