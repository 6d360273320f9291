import type { Position } from '../error.ts';
import type { ManifestDocument } from '../manifest/document.ts';
import { describePointer, join } from '../manifest/pointer.ts';

/** A value of the manifest that is read, and its place. */
export class Node {
  readonly document: ManifestDocument;
  readonly pointer: string;
  readonly value: unknown;

  constructor(document: ManifestDocument, pointer = '', value: unknown = document.value) {
    this.document = document;
    this.pointer = pointer;
    this.value = value;
  }

  get at(): Position {
    return this.document.at(this.pointer);
  }

  /** Of the name of the field; of a list's item, where the item is. */
  get atKey(): Position {
    return this.document.atKey(this.pointer);
  }

  /** As a person reads it. */
  get path(): string {
    return describePointer(this.pointer);
  }

  get isMap(): boolean {
    return this.value !== null && typeof this.value === 'object' && !Array.isArray(this.value);
  }

  /** Nothing is said by it: what is empty is left out when Kubernetes and appc write a manifest. */
  get isEmpty(): boolean {
    const { value } = this;
    if (value === null || value === '') return true;
    return typeof value === 'object' && Object.keys(value).length === 0;
  }

  /** Undefined where there is no such field, or it is null, which is the same. */
  field(name: string): Node | undefined {
    if (!this.isMap || !Object.hasOwn(this.value as object, name)) return undefined;
    const value = (this.value as Record<string, unknown>)[name];
    return value === null || value === undefined ? undefined : this.#child(name, value);
  }

  /** All that are not null; none when this is no map. */
  get fields(): ReadonlyMap<string, Node> {
    const names = this.isMap ? Object.keys(this.value as object) : [];
    return new Map(
      names.flatMap((name) => {
        const field = this.field(name);
        return field ? [[name, field] as const] : [];
      }),
    );
  }

  /** None when this is no list. */
  get items(): readonly Node[] {
    return Array.isArray(this.value) ? this.value.map((item: unknown, index) => this.#child(index, item)) : [];
  }

  #child(key: string | number, value: unknown): Node {
    return new Node(this.document, join(this.pointer, key), value);
  }
}
