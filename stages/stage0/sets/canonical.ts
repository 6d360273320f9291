import type { JsonSchema } from '../isolators/isolator.ts';
import {
  BYTES_PATTERN,
  CPU_PATTERN,
  DURATION_PATTERN,
  parseBytes,
  parseDurationMs,
  parseMillicores,
} from '../manifest/quantity.ts';

/** Quantities in one canonical spelling, according to the value's schema: `0.5` and `500m` of a core are equal. */
export function canonicalise(value: unknown, schema: JsonSchema | undefined): unknown {
  if (Array.isArray(value)) {
    const items = schema?.['items'] as JsonSchema | undefined;
    return value.map((item: unknown) => canonicalise(item, items));
  }
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, canonicalise(item, memberOf(schema, key))]),
    );
  return typeof value === 'string' || typeof value === 'number' ? spell(value, schema?.['pattern']) : value;
}

function memberOf(schema: JsonSchema | undefined, key: string): JsonSchema | undefined {
  const properties = schema?.['properties'] as Readonly<Record<string, JsonSchema>> | undefined;
  if (properties && Object.hasOwn(properties, key)) return properties[key];
  const rest = schema?.['additionalProperties'];
  return typeof rest === 'object' && rest !== null ? (rest as JsonSchema) : undefined;
}

function spell(value: string | number, pattern: unknown): string | number {
  if (pattern === CPU_PATTERN) return `${parseMillicores(value)}m`;
  if (pattern === BYTES_PATTERN) return String(parseBytes(value));
  return pattern === DURATION_PATTERN ? `${parseDurationMs(String(value))}ms` : value;
}
