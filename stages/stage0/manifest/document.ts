import type { PodError, Position } from '../error.ts';

/** A manifest as plain values, and the places they were written at. Places are asked for by JSON pointer. */
export interface ManifestDocument {
  readonly value: unknown;
  /** Where the value is; for one that is not there, where the nearest thing around it is. */
  at(pointer: string): Position;
  /** Where the name of the last field on the way is; for a list's item, where the item is. */
  atKey(pointer: string): Position;
  has(pointer: string): boolean;
  /** A scalar as it was written, without its quotes; undefined for anything else. */
  sourceOf(pointer: string): string | undefined;
}

export interface DocumentRead {
  readonly document?: ManifestDocument;
  readonly errors: readonly PodError[];
  readonly warnings: readonly PodError[];
}
