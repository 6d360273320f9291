import { type ErrorCode, PodError } from '../error.ts';
import { describePointer } from './pointer.ts';
import type { ManifestDocument } from './document.ts';

/** Where the checks put what they find. A place the schema has refused already gets no second error. */
export class Report {
  readonly errors: PodError[] = [];
  readonly warnings: PodError[] = [];
  readonly document: ManifestDocument;
  readonly #refused: ReadonlySet<string>;

  constructor(document: ManifestDocument, refused: ReadonlySet<string>) {
    this.document = document;
    this.#refused = refused;
  }

  error(code: ErrorCode, pointer: string, problem: string, hint?: string): void {
    if (this.#refused.has(pointer)) return;
    this.errors.push(this.#make(code, pointer, problem, hint));
  }

  /** The error is about the field's name. */
  errorAtKey(code: ErrorCode, pointer: string, problem: string, hint?: string): void {
    if (this.#refused.has(pointer)) return;
    const at = this.document.atKey(pointer);
    this.errors.push(new PodError(code, `${describePointer(pointer)}: ${problem}`, { hint, at }));
  }

  /** Accepted, but it cannot take effect. */
  warn(code: ErrorCode, pointer: string, problem: string, hint?: string): void {
    this.warnings.push(this.#make(code, pointer, problem, hint));
  }

  /** Reports what a parser of a value throws. */
  try(pointer: string, parse: () => unknown): void {
    if (this.#refused.has(pointer)) return;
    try {
      parse();
    } catch (error) {
      if (!(error instanceof PodError)) throw error;
      this.error(error.code, pointer, error.message, error.hint);
    }
  }

  #make(code: ErrorCode, pointer: string, problem: string, hint: string | undefined): PodError {
    return new PodError(code, `${describePointer(pointer)}: ${problem}`, { hint, at: this.document.at(pointer) });
  }
}
