import podSchema from '../../schemas/pod.v1.schema.json' with { type: 'json' };
import isolatorSchema from '../../schemas/isolators.v1.schema.json' with { type: 'json' };

/** A number from 0 up to 1, and the same one after another for the same seed. */
export type Random = () => number;

export function newRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function pick<T>(random: Random, list: readonly T[]): T {
  return list[Math.floor(random() * list.length)]!;
}

type Schema = Readonly<Record<string, unknown>>;

const MAX_DEPTH = 9;

/** Tried against the pattern of a text: what one of the manifest's fields may hold. */
const TEXTS = [
  'a',
  'web',
  'db',
  'data',
  'main',
  'host',
  'auto',
  'bridge',
  'none',
  'pod:other',
  'cni:net',
  '/',
  '/data',
  '/srv/a b',
  './x',
  'dir:./image',
  'oci:./image',
  'tar:a.tar',
  '1',
  '80',
  '0',
  '0-3',
  '10s',
  '250ms',
  '1m',
  '64Mi',
  '1Gi',
  '500m',
  '0.5',
  '1k',
  'SIGTERM',
  'SIGKILL',
  'CAP_CHOWN',
  'CAP_NET_RAW',
  '@appc.io/all',
  '@docker/default',
  'read',
  'mount',
  'net.core.somaxconn',
  'kernel.sem',
  'www-data',
  '127.0.0.1',
  '::1',
  'fd00::/64',
  'rwm',
  '/dev/fuse',
  '2Mi',
  '8:0',
  'TZ',
  'x',
  '0022',
  '/proc/acpi',
];
/** In place of anything. */
const WRONG: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1,
  1.5,
  -0,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  Infinity,
  -Infinity,
  NaN,
  '',
  ' ',
  '..',
  '../x',
  '/a/../b',
  '\0',
  'a\nb',
  '\u001b[2J',
  '\ud800',
  '𝕏é',
  'x'.repeat(5000),
  '18446744073709551616',
  '1Gi1',
  '0x10',
  '-5s',
  '9999999999h',
  [],
  [[]],
  [null],
  {},
  { a: {} },
  { __proto__x: 1 },
];
const ODD_KEYS = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '',
  ' ',
  'a/b',
  '~0',
  '~1',
  '<<',
  'é',
  '\u202e',
  '0',
  '-1',
  '\0',
];

const ROOTS: Readonly<Record<string, Schema>> = {
  'pod.v1.schema.json': podSchema as Schema,
  'isolators.v1.schema.json': isolatorSchema as Schema,
};

interface Place {
  readonly schema: Schema;
  /** The document a reference without one is into. */
  readonly document: string;
}

function follow({ schema, document }: Place): Place {
  const { $ref } = schema as { readonly $ref?: string };
  if ($ref === undefined) return { schema, document };
  const [name, pointer] = $ref.split('#') as [string, string];
  const to = name === '' ? document : name;
  let found: unknown = ROOTS[to];
  for (const part of pointer.split('/').slice(1)) found = (found as Record<string, unknown>)[part];
  return follow({ schema: found as Schema, document: to });
}

/** Makes manifests that the schema allows, but for a few places where it puts something else. */
export class Grammar {
  readonly #random: Random;
  #wrongness = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** `wrongness`: how likely each value is another than the schema asks for. */
  manifest(wrongness: number): unknown {
    this.#wrongness = wrongness;
    return this.#value({ schema: podSchema as Schema, document: 'pod.v1.schema.json' }, 0);
  }

  #value(place: Place, depth: number): unknown {
    if (this.#random() < this.#wrongness) return pick(this.#random, WRONG);
    const { schema, document } = follow(place);
    if ('const' in schema) return schema['const'];
    if (Array.isArray(schema['enum'])) return pick(this.#random, schema['enum']);
    if (Array.isArray(schema['oneOf'])) return this.#merged(schema, document, depth);
    if ('if' in schema) return this.#either(schema, document, depth);
    if (Array.isArray(schema['examples']) && this.#random() < 0.4)
      return pick(this.#random, schema['examples'] as unknown[]);
    const types = [schema['type'] ?? (schema['properties'] ? 'object' : 'string')].flat() as string[];
    return this.#typed(pick(this.#random, types), schema, document, depth);
  }

  #merged(schema: Schema, document: string, depth: number): unknown {
    const chosen = pick(this.#random, schema['oneOf'] as Schema[]);
    return this.#value({ schema: { type: 'object', ...chosen }, document }, depth);
  }

  #either(schema: Schema, document: string, depth: number): unknown {
    const { if: condition, then, else: otherwise } = schema as Readonly<Record<string, Schema>>;
    const chosen = this.#random() < 0.3 ? { ...condition, ...then } : (otherwise ?? { ...schema, if: undefined });
    const { if: _if, then: _then, ...plain } = chosen as Record<string, unknown>;
    return this.#value({ schema: plain, document }, depth);
  }

  #typed(type: string, schema: Schema, document: string, depth: number): unknown {
    switch (type) {
      case 'object':
        return this.#object(schema, document, depth);
      case 'array':
        return this.#list(schema, document, depth);
      case 'boolean':
        return this.#random() < 0.5;
      case 'integer':
      case 'number':
        return this.#number(schema);
      case 'null':
        return null;
      default:
        return this.#text(schema);
    }
  }

  #object(schema: Schema, document: string, depth: number): unknown {
    const made: [string, unknown][] = [];
    const required = (schema['required'] ?? []) as string[];
    const members = Object.entries((schema['properties'] ?? {}) as Record<string, Schema>);
    // A few of many: where all are there one is always wrong, and nothing comes of the others.
    const likelihood = depth > MAX_DEPTH ? 0 : Math.min(2.5 / (depth + 3), 3 / members.length);
    for (const [key, member] of members) {
      if (!required.includes(key) && this.#random() >= likelihood) continue;
      made.push([key, this.#value({ schema: member, document }, depth + 1)]);
    }
    const free = schema['additionalProperties'];
    if (typeof free === 'object' && free !== null)
      for (let count = 1 + Math.floor(this.#random() * 2); count > 0; count--)
        made.push([
          this.#text((schema['propertyNames'] ?? {}) as Schema),
          this.#value({ schema: free as Schema, document }, depth + 1),
        ]);
    if (this.#random() < this.#wrongness) made.push([pick(this.#random, ODD_KEYS), pick(this.#random, WRONG)]);
    // fromEntries defines: __proto__ is a member like any other.
    return Object.fromEntries(made);
  }

  #list(schema: Schema, document: string, depth: number): unknown {
    const least = Number(schema['minItems'] ?? 0);
    const length = Math.max(least, depth > MAX_DEPTH ? 0 : Math.floor(this.#random() * 4));
    const items = (schema['items'] ?? {}) as Schema;
    return Array.from({ length }, () => this.#value({ schema: items, document }, depth + 1));
  }

  #number(schema: Schema): number {
    const low = Number(schema['minimum'] ?? -10);
    const high = Number(schema['maximum'] ?? low + 1e6);
    return pick(this.#random, [
      low,
      high,
      Math.floor(low + this.#random() * Math.min(high - low, 100)),
      Math.floor(low + this.#random() * (high - low)),
    ]);
  }

  #text(schema: Schema): string {
    const pattern = typeof schema['pattern'] === 'string' ? new RegExp(schema['pattern'], 'u') : undefined;
    const fitting = pattern ? TEXTS.filter((text) => pattern.test(text)) : [];
    if (fitting.length > 0) return pick(this.#random, fitting);
    return pick(this.#random, TEXTS);
  }
}
