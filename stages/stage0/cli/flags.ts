import { PodError } from '../error.ts';
import { nearest } from '../pod/nearest.ts';

/** What an operand or a value stands for, for completion: one of a kind, or one of these words. */
export type Completes =
  | 'apps'
  | 'copies'
  | 'files'
  | 'images'
  | 'nothing'
  | 'pods'
  | 'prepared'
  | 'running'
  | 'sets'
  | 'signals'
  | 'topics'
  | 'verbs'
  | readonly string[];

export interface Flag {
  /** Without dashes. */
  readonly name: string;
  readonly short?: string;
  /** What stands for the value in help, in capitals; absent: the flag takes none. */
  readonly value?: string;
  /** Values, when they are a closed set; completion offers them and others are refused. */
  readonly values?: readonly string[];
  /** Others that are taken, and how they are shown. */
  readonly pattern?: RegExp;
  readonly others?: string;
  /** The value is given as `--name=VALUE` or not at all. */
  readonly isValueOptional?: boolean;
  readonly isRepeatable?: boolean;
  /** Absent: its values, paths where they are paths, or nothing. */
  readonly completes?: Completes;
  /** The value is a path of this host, which an empty one (of a variable that is not set) is not. */
  readonly isPath?: boolean;
  readonly help: string;
}

export interface ParseOptions {
  /** After so many operands the rest is a command of its own, dashes and all. */
  readonly commandAfter?: number | undefined;
}

export class Parsed {
  readonly operands: string[] = [];
  readonly #values = new Map<string, string[]>();

  set(flag: Flag, value: string): void {
    if (flag.values && !flag.values.includes(value) && !flag.pattern?.test(value)) throw badValue(flag, value);
    if (flag.isPath && value === '') throw new PodError('cli/usage', `--${flag.name} "": the path is empty`);
    const known = this.#values.get(flag.name);
    if (known && flag.isRepeatable) known.push(value);
    else this.#values.set(flag.name, [value]);
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** The last one given. */
  value(name: string): string | undefined {
    return this.#values.get(name)?.at(-1);
  }

  all(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }
}

/** Takes `--name`, `--name=value`, `--name value`, `-n`, `-nvalue`, `-n value` and `-ab`; `--` ends the flags. */
export function parseFlags(argv: readonly string[], flags: readonly Flag[], options: ParseOptions = {}): Parsed {
  const parsed = new Parsed();
  const words = [...argv];
  const isFull = (): boolean => options.commandAfter !== undefined && parsed.operands.length > options.commandAfter;
  while (words.length > 0 && !isFull()) {
    const word = words.shift()!;
    if (word === '--') break;
    if (word.startsWith('--')) takeLong(word, words, flags, parsed);
    else if (word.startsWith('-') && word !== '-') takeShort(word, words, flags, parsed);
    else parsed.operands.push(word);
  }
  parsed.operands.push(...words);
  return parsed;
}

function takeLong(word: string, rest: string[], flags: readonly Flag[], parsed: Parsed): void {
  const equals = word.indexOf('=');
  const name = word.slice(2, equals === -1 ? undefined : equals);
  const flag = flags.find((one) => one.name === name);
  if (!flag) throw unknownFlag(`--${name}`, flags);
  if (flag.value === undefined || (flag.isValueOptional && equals === -1)) {
    if (equals !== -1) throw takesNone(`--${name}`, word.slice(equals + 1));
    return parsed.set(flag, '');
  }
  parsed.set(flag, equals === -1 ? valueOf(`--${name}`, flag, rest) : word.slice(equals + 1));
}

function takeShort(word: string, rest: string[], flags: readonly Flag[], parsed: Parsed): void {
  for (let at = 1; at < word.length; at++) {
    const flag = flags.find((one) => one.short === word[at]);
    if (!flag) throw unknownFlag(`-${word[at]}`, flags);
    if (flag.value !== undefined) {
      const attached = word.slice(at + 1);
      return parsed.set(flag, attached === '' ? valueOf(`-${word[at]}`, flag, rest) : attached);
    }
    if (word[at + 1] === '=') throw takesNone(`-${word[at]}`, word.slice(at + 2));
    parsed.set(flag, '');
  }
}

function valueOf(shown: string, flag: Flag, rest: string[]): string {
  const value = rest.shift();
  if (value === undefined) throw new PodError('cli/usage', `${shown} needs a value: ${shown} ${flag.value}`);
  return value;
}

function takesNone(shown: string, value: string): PodError {
  return new PodError('cli/usage', `${shown} takes no value: got "${value}"`);
}

function unknownFlag(shown: string, flags: readonly Flag[]): PodError {
  const near = nearest(
    shown.replace(/^-+/, ''),
    flags.map((flag) => flag.name),
  );
  const hint = near !== undefined && shown.startsWith('--') ? `did you mean --${near}?` : undefined;
  return new PodError('cli/usage', `unknown flag "${shown}"`, { hint });
}

function badValue(flag: Flag, value: string): PodError {
  const near = nearest(value, flag.values ?? []);
  return new PodError(
    'cli/usage',
    `--${flag.name} "${value}": not one of ${[...(flag.values ?? []), ...(flag.others === undefined ? [] : [flag.others])].join(', ')}`,
    {
      hint: near === undefined ? undefined : `did you mean "${near}"?`,
    },
  );
}
