import { PodError, type Position } from '../error.ts';
import type { DocumentRead, ManifestDocument } from './document.ts';
import { join } from './pointer.ts';
import { Source } from './source.ts';
import { MAX_BYTES, MAX_DEPTH } from './yaml-read.ts';

/** Offsets in the text. */
interface Place {
  readonly key: number;
  readonly value: number;
  readonly end: number;
}

/**
 * A manifest that a program gave as an object, by the JSON that was made of it: a hundredth of the work of reading the same
 * text as YAML, for test suites that start a pod for each test.
 */
export class JsonDocument implements ManifestDocument {
  readonly value: unknown;
  readonly #source: Source;
  #places: ReadonlyMap<string, Place> | undefined;

  constructor(source: Source) {
    this.value = JSON.parse(source.text);
    this.#source = source;
  }

  at(pointer: string): Position {
    return this.#source.position(this.#nearest(pointer).value);
  }

  atKey(pointer: string): Position {
    return this.#source.position(this.#nearest(pointer).key);
  }

  has(pointer: string): boolean {
    return this.#index().has(pointer);
  }

  sourceOf(pointer: string): string | undefined {
    const place = this.#index().get(pointer);
    const text = place && this.#source.text.slice(place.value, place.end);
    if (text === undefined || text.startsWith('{') || text.startsWith('[')) return undefined;
    return text.startsWith('"') ? text.slice(1, -1) : text;
  }

  #nearest(pointer: string): Place {
    const index = this.#index();
    for (let rest = pointer; ; rest = rest.slice(0, rest.lastIndexOf('/'))) {
      const place = index.get(rest);
      if (place) return place;
    }
  }

  #index(): ReadonlyMap<string, Place> {
    return (this.#places ??= new Indexer(this.#source.text).index());
  }
}

/** Goes over text that JSON.stringify made: whatever is not a string has no quote in it. */
class Indexer {
  readonly #text: string;
  readonly #places = new Map<string, Place>();
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  index(): ReadonlyMap<string, Place> {
    this.#value('', 0);
    return this.#places;
  }

  #value(pointer: string, key: number | undefined): void {
    const value = this.#at;
    const first = this.#text[value];
    if (first === '{') this.#members(pointer, '}');
    else if (first === '[') this.#members(pointer, ']');
    else if (first === '"') this.#skipString();
    else while (/[\w.+-]/.test(this.#text[this.#at] ?? '')) this.#at++;
    this.#places.set(pointer, { key: key ?? value, value, end: this.#at });
  }

  #members(pointer: string, close: string): void {
    this.#at++;
    for (let i = 0; this.#skipTo(close); i++) {
      if (close === ']') {
        this.#value(join(pointer, i), undefined);
        continue;
      }
      const key = this.#at;
      this.#skipString();
      const name = JSON.parse(this.#text.slice(key, this.#at)) as string;
      this.#skipTo('');
      this.#value(join(pointer, name), key);
    }
    this.#at++;
  }

  /** To the next thing that is neither space nor punctuation between members; false when it is the end. */
  #skipTo(close: string): boolean {
    while (' \n,:'.includes(this.#text[this.#at]!)) this.#at++;
    return this.#text[this.#at] !== close;
  }

  #skipString(): void {
    this.#at++;
    while (this.#text[this.#at] !== '"') this.#at += this.#text[this.#at] === '\\' ? 2 : 1;
    this.#at++;
  }
}

/** `text` is what JSON.stringify made of an object. */
export function readJsonDocument(text: string, file: string): DocumentRead {
  const source = new Source(file, text);
  const problem = Buffer.byteLength(text) > MAX_BYTES ? `larger than ${MAX_BYTES >> 20} MiB` : tooDeep(text);
  if (problem === undefined) return { document: new JsonDocument(source), errors: [], warnings: [] };
  const at = source.position(0);
  return { errors: [new PodError('manifest/syntax', `the manifest is ${problem}`, { at })], warnings: [] };
}

/** Indented by two spaces a level, so the longest indentation says how deep it is. */
function tooDeep(text: string): string | undefined {
  return text.includes(`\n${'  '.repeat(MAX_DEPTH + 1)}`) ? `deeper than ${MAX_DEPTH} lists and maps` : undefined;
}
