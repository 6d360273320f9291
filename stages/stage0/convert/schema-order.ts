import { join } from '../manifest/pointer.ts';
import { SchemaLookup } from '../manifest/schema-lookup.ts';

/** The fields of every map in the order that the schema has them, which is the one people know; others as they are. */
export function inSchemaOrder(manifest: unknown): unknown {
  const lookup = new SchemaLookup(manifest);
  const order = (value: unknown, pointer: string): unknown => {
    if (Array.isArray(value)) return value.map((item: unknown, index) => order(item, join(pointer, index)));
    if (value === null || typeof value !== 'object') return value;
    const known = lookup.fieldsAt(pointer);
    const names = [...known.filter((name) => Object.hasOwn(value, name)), ...Object.keys(value)];
    const ordered = Object.create(null) as Record<string, unknown>;
    for (const name of names) ordered[name] ??= order((value as Record<string, unknown>)[name], join(pointer, name));
    return ordered;
  };
  return order(manifest, '');
}
