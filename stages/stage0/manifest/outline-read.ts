// Reading a value that may be anything: what has the wrong type counts as absent.

import { join } from './pointer.ts';

export type Obj = Readonly<Record<string, unknown>>;

export function object(value: unknown): Obj | undefined {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Obj) : undefined;
}

export function text(parent: Obj, key: string): string | undefined {
  const value = parent[key];
  return typeof value === 'string' ? value : undefined;
}

export function whole(parent: Obj, key: string): number | undefined {
  const value = parent[key];
  return Number.isSafeInteger(value) ? (value as number) : undefined;
}

export function flag(parent: Obj, key: string): boolean {
  return parent[key] === true;
}

export function texts(value: unknown): string[] | undefined {
  return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined;
}

/** The members that are text, in an object without a prototype. */
export function textMap(parent: Obj, key: string): Record<string, string> {
  const map = Object.create(null) as Record<string, string>;
  for (const [name, value] of Object.entries(object(parent[key]) ?? {})) {
    if (typeof value === 'string') map[name] = value;
  }
  return map;
}

/** Maps the objects of a list, each with its JSON pointer. */
export function each<T>(parent: Obj, key: string, pointer: string, map: (item: Obj, pointer: string) => T): T[] {
  const list = parent[key];
  if (!Array.isArray(list)) return [];
  return list.flatMap((item: unknown, index) => {
    const found = object(item);
    return found ? [map(found, join(join(pointer, key), index))] : [];
  });
}
