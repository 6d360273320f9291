import type { Position } from '../error.ts';
import type { ManifestDocument } from '../manifest/document.ts';
import { segments } from '../manifest/pointer.ts';
import { memberOf } from '../manifest/schema-lookup.ts';
import type { Node } from './node.ts';
import type { Origins } from './target.ts';

/** What was written, with the places of what it was made of: the checks of a manifest then speak of the file that was read. */
export class ConvertedDocument implements ManifestDocument {
  readonly value: unknown;
  readonly #origins: Origins;

  constructor(value: unknown, origins: Origins) {
    this.value = value;
    this.#origins = origins;
  }

  at(pointer: string): Position {
    return this.#nearest(pointer).node.at;
  }

  atKey(pointer: string): Position {
    const { node, isExact } = this.#nearest(pointer);
    return isExact ? node.atKey : node.at;
  }

  has(pointer: string): boolean {
    return this.#find(pointer) !== undefined;
  }

  sourceOf(pointer: string): string | undefined {
    const value = this.#find(pointer);
    return value === undefined || typeof value === 'object' ? undefined : String(value as string | number | boolean);
  }

  #find(pointer: string): unknown {
    return segments(pointer).reduce<unknown>(memberOf, this.value);
  }

  #nearest(pointer: string): { readonly node: Node; readonly isExact: boolean } {
    for (let rest = pointer; ; rest = rest.slice(0, rest.lastIndexOf('/'))) {
      const node = this.#origins.get(rest);
      if (node) return { node, isExact: rest === pointer };
    }
  }
}
