import { join } from '../manifest/pointer.ts';
import type { Node } from './node.ts';

/** By JSON pointer in what is written: what it was made of. */
export type Origins = Map<string, Node>;

/** A map of the manifest that is written. What is put in remembers where it came from. */
export class Target {
  /** Without a prototype: `__proto__` is a name like any other. */
  readonly value: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  readonly origins: Origins;
  readonly #pointer: string;
  readonly #maps = new Map<string, Target>();

  constructor(from: Node, pointer = '', origins: Origins = new Map()) {
    this.#pointer = pointer;
    this.origins = origins;
    origins.set(pointer, from);
  }

  has(key: string): boolean {
    return Object.hasOwn(this.value, key);
  }

  set(key: string, value: unknown, from: Node): void {
    this.value[key] = value;
    this.#from(join(this.#pointer, key), value, from);
  }

  /** Nothing happens without a value. */
  maybe(key: string, value: unknown, from: Node | undefined): void {
    if (value !== undefined && from) this.set(key, value, from);
  }

  /** The map of that name, which is made when there is none. */
  map(key: string, from: Node): Target {
    let map = this.#maps.get(key);
    if (!map) {
      map = new Target(from, join(this.#pointer, key), this.origins);
      this.#maps.set(key, map);
      this.value[key] = map.value;
    }
    return map;
  }

  /** A new map at the end of the list of that name. */
  add(key: string, from: Node): Target {
    const map = new Target(from, this.#next(key), this.origins);
    this.append(key, map);
    return map;
  }

  /** What `append` may put at the end of the list of that name, as it is by then. */
  sketch(key: string, from: Node): Target {
    return new Target(from, this.#next(key));
  }

  append(key: string, { value, origins }: Target): void {
    const list = (this.value[key] ??= []) as unknown[];
    list.push(value);
    if (origins !== this.origins) for (const [pointer, node] of origins) this.origins.set(pointer, node);
  }

  #next(key: string): string {
    return join(join(this.#pointer, key), ((this.value[key] ?? []) as unknown[]).length);
  }

  /** What is taken over has the places that it had; the items of a list come from those of a list that is as long. */
  #from(pointer: string, value: unknown, from: Node): void {
    this.origins.set(pointer, from);
    if (value === from.value)
      for (const [name, field] of from.fields) this.#from(join(pointer, name), field.value, field);
    const { items } = from;
    if (!Array.isArray(value) || items.length !== value.length) return;
    for (const [index, item] of items.entries()) this.#from(join(pointer, index), value[index], item);
  }
}
