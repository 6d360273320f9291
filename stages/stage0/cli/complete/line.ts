import type { Completes, Flag } from '../flags.ts';
import { GLOBAL_FLAGS, type Verb, type VerbEntry } from '../verb.ts';

/** What is to be completed: one word, and what the words before it say. */
export interface Line {
  /** The verb before the word; undefined: the word is the verb. */
  readonly verb?: Verb;
  /** The part of the word that stays as it is: `--for=`. */
  readonly prefix: string;
  readonly word: string;
  readonly wanted: 'flag' | Completes;
  /** Operands before the word. */
  readonly operands: readonly string[];
  /** Values of flags before the word, by name. */
  readonly values: ReadonlyMap<string, string>;
}

/** Reads a line up to the cursor, without `pod`; the last word is the one to complete, and may be empty. Takes any text. */
export async function readLine(words: readonly string[], verbs: readonly VerbEntry[]): Promise<Line> {
  const reader = new LineReader(words.at(-1) ?? '');
  for (const word of words.slice(0, -1)) {
    const isVerb = reader.take(word);
    const entry = isVerb && verbs.find(({ name, aliases }) => name === word || aliases?.includes(word));
    if (entry) reader.start((await entry.load()).verb);
  }
  return reader.end();
}

class LineReader {
  readonly #word: string;
  readonly #operands: string[] = [];
  readonly #values = new Map<string, string>();
  #verb: Verb | undefined;
  /** The flag whose value the next word is. */
  #open: Flag | undefined;
  #onlyOperands = false;

  constructor(word: string) {
    this.#word = word;
  }

  start(verb: Verb): void {
    this.#verb = verb;
  }

  /** True when the word has to be a verb. */
  take(word: string): boolean {
    if (this.#open) {
      this.#values.set(this.#open.name, word);
      this.#open = undefined;
    } else if (word === '--' && !this.#onlyOperands) {
      this.#onlyOperands = true;
    } else if (isFlag(word) && !this.#isCommand() && !this.#onlyOperands) {
      this.#takeFlag(word);
    } else if (this.#verb) {
      this.#operands.push(word);
    } else {
      return true;
    }
    return false;
  }

  end(): Line {
    const rest = {
      ...(this.#verb ? { verb: this.#verb } : {}),
      operands: this.#operands,
      values: this.#values,
    };
    const whole = { ...rest, prefix: '', word: this.#word };
    if (this.#open) return { ...whole, wanted: valueOf(this.#open) };
    if (this.#isCommand()) return { ...whole, wanted: 'nothing' };
    if (isFlag(this.#word) && !this.#onlyOperands) return { ...rest, ...this.#flagAtEnd() };
    return { ...whole, wanted: this.#verb ? operandOf(this.#verb, this.#operands.length) : 'verbs' };
  }

  /** `--for=re` is a value; everything else that begins with a dash is a flag. */
  #flagAtEnd(): Pick<Line, 'prefix' | 'word' | 'wanted'> {
    const equals = this.#word.indexOf('=');
    if (!this.#word.startsWith('--') || equals === -1) return { prefix: '', word: this.#word, wanted: 'flag' };
    const flag = this.#flags().find(({ name }) => name === this.#word.slice(2, equals));
    return {
      prefix: this.#word.slice(0, equals + 1),
      word: this.#word.slice(equals + 1),
      wanted: flag?.value === undefined ? 'nothing' : valueOf(flag),
    };
  }

  #takeFlag(word: string): void {
    const equals = word.indexOf('=');
    const isLong = word.startsWith('--');
    const name = isLong ? word.slice(2, equals === -1 ? undefined : equals) : word[1];
    const flag = this.#flags().find((one) => (isLong ? one.name : one.short) === name);
    if (flag?.value === undefined) return;
    const attached = isLong ? (equals === -1 ? undefined : word.slice(equals + 1)) : word.slice(2) || undefined;
    if (attached !== undefined) this.#values.set(flag.name, attached);
    else if (!flag.isValueOptional) this.#open = flag;
  }

  #flags(): readonly Flag[] {
    return [...(this.#verb?.flags ?? []), ...GLOBAL_FLAGS];
  }

  /** What follows belongs to a command of its own, dashes and all. */
  #isCommand(): boolean {
    const after = this.#verb?.commandAfter;
    return after !== undefined && this.#operands.length > after;
  }
}

function isFlag(word: string): boolean {
  return word.startsWith('-') && word !== '-';
}

function valueOf(flag: Flag): Completes {
  return flag.values ?? flag.completes ?? (flag.isPath ? 'files' : 'nothing');
}

function operandOf({ completes = [] }: Verb, position: number): Completes {
  return completes[Math.min(position, completes.length - 1)] ?? 'nothing';
}
