import { PodError, PodErrors } from '../../error.ts';
import type { JsonObject } from '../json.ts';
import { printableText } from '../tar/fault.ts';

const MAX_ERRORS = 50;

/** Reads the fields of an image manifest and collects everything that is wrong with them. Absent and null are equal, as in Go. */
export class ManifestReport {
  readonly #label: string;
  readonly #errors: PodError[] = [];

  constructor(label: string) {
    this.#label = label;
  }

  fault(place: string, what: string): void {
    this.#errors.push(new PodError('image/manifest', `read ${this.#label}: ${place}: ${what}`));
  }

  /** What is valid, but cannot be run. */
  unsupported(place: string, what: string, hint: string): void {
    this.#errors.push(new PodError('manifest/unsupported', `read ${this.#label}: ${place}: ${what}`, { hint }));
  }

  throwAll(): void {
    const more = this.#errors.length - MAX_ERRORS;
    if (more > 0) {
      this.#errors.length = MAX_ERRORS;
      this.#errors.push(new PodError('image/manifest', `read ${this.#label}: ${more} more errors are not shown`));
    }
    if (this.#errors.length > 0) throw new PodErrors(this.#errors);
  }

  /** A field that is not known may change what the others mean, so it is a fault. */
  object(value: unknown, place: string, known: readonly string[]): JsonObject | undefined {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      this.fault(place, `${show(value)} is not an object`);
      return undefined;
    }
    for (const key of Object.keys(value)) if (!known.includes(key)) this.fault(place, `there is no field ${show(key)}`);
    return value as JsonObject;
  }

  list(value: unknown, place: string): readonly unknown[] {
    if (value === undefined || value === null) return [];
    if (Array.isArray(value)) return value;
    this.fault(place, `${show(value)} is not a list`);
    return [];
  }

  /** The items that are objects, with their places. */
  objects(value: unknown, place: string, known: readonly string[]): readonly (readonly [JsonObject, string])[] {
    return this.list(value, place).flatMap((item, index) => {
      const at = `${place}[${index}]`;
      const object = this.object(item, at, known);
      return object ? [[object, at] as const] : [];
    });
  }

  /** A string without a NUL, where the kernel would end it. */
  text(value: unknown, place: string): string | undefined {
    if (typeof value === 'string' && !value.includes('\0')) return value;
    this.fault(place, value === undefined || value === null ? 'is missing' : `${show(value)} is not a text`);
    return undefined;
  }

  /** A text that passes the test; `kind` says which do. */
  textLike(value: unknown, place: string, passes: (text: string) => boolean, kind: string): string | undefined {
    const text = this.text(value, place);
    if (text === undefined || passes(text)) return text;
    this.fault(place, `${show(text)} is not ${kind}`);
    return undefined;
  }

  wholeNumber(value: unknown, place: string, least: number, most: number): number | undefined {
    if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) return value as number;
    const found = value === undefined || value === null ? 'is missing' : `is ${show(value)}`;
    this.fault(place, `${found}: it should be a whole number from ${least} to ${most}`);
    return undefined;
  }

  flag(value: unknown, place: string): boolean {
    if (value !== undefined && value !== null && typeof value !== 'boolean')
      this.fault(place, `${show(value)} is neither true nor false`);
    return value === true;
  }

  /** Reports the second of two equal names. */
  distinct(names: readonly (readonly [string, string])[]): void {
    const seen = new Set<string>();
    for (const [name, place] of names) {
      if (seen.has(name)) this.fault(place, `${show(name)} is there twice`);
      seen.add(name);
    }
  }
}

const MOST_SHOWN = 60;

/** A value of an untrusted file, short and printable. */
export function show(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = JSON.stringify(value) ?? 'nothing';
  return printableText(text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text);
}
