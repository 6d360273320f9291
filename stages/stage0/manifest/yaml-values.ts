import { isAlias, isMap, isScalar, isSeq, type ParsedNode, type YAMLMap, type YAMLSeq } from 'yaml';
import type { PodError } from '../error.ts';
import { type Fields, FieldTable } from './yaml-fields.ts';
import { scalarValue } from './yaml-scalars.ts';
import { MAX_DEPTH, syntaxError } from './yaml-read.ts';
import type { Source } from './source.ts';

/** Values after aliases are followed; a bomb of ten lines asks for billions. */
const MAX_VALUES = 100_000;
/** The compiled validator's work grows with the square of the errors in one list. */
const MAX_ITEMS = 4096;

interface Reading {
  readonly value: unknown;
  /** Values in it, itself included; what an alias to it costs. */
  readonly size: number;
  readonly depth: number;
}

/**
 * The document as plain values: maps become objects without a prototype, so that `__proto__` and `constructor` are keys
 * like any other. Never recurses deeper than the parser's bound, and does work in proportion to the text.
 */
export class ValueReader {
  readonly errors: PodError[] = [];
  readonly fields: FieldTable;
  readonly #source: Source;
  /** Values of anchored nodes; undefined while the node is being read. */
  readonly #anchored = new Map<ParsedNode, Reading | undefined>();
  #left = MAX_VALUES;

  constructor(source: Source) {
    this.#source = source;
    this.fields = new FieldTable(source, this.errors);
  }

  read(node: ParsedNode): unknown {
    return this.#read(node).value;
  }

  #read(node: ParsedNode | null): Reading {
    if (node === null) return { value: null, size: 1, depth: 0 };
    if (isAlias(node)) return this.#readAlias(node);
    if (node.anchor === undefined) return this.#readPlain(node);
    const known = this.#anchored.get(node);
    if (known) {
      // Merged into another map, and read there before.
      this.#spend(known.size, node);
      return known;
    }
    this.fields.anchor(node.anchor, node);
    this.#anchored.set(node, undefined);
    const reading = this.#readPlain(node);
    this.#anchored.set(node, reading);
    return reading;
  }

  #readPlain(node: ParsedNode): Reading {
    if (isMap(node)) return this.#readMap(node as YAMLMap.Parsed);
    if (isSeq(node)) return this.#readSeq(node as YAMLSeq.Parsed);
    this.#spend(1, node);
    return { value: isScalar(node) ? scalarValue(node) : null, size: 1, depth: 0 };
  }

  #readAlias(node: ParsedNode & { source: string }): Reading {
    const target = this.fields.target(node);
    const reading = target && this.#anchored.get(target);
    if (reading) {
      this.#spend(reading.size, node);
      if (reading.depth <= MAX_DEPTH) return reading;
      throw syntaxError(this.#source, node.range[0], `more than ${MAX_DEPTH} lists and maps are inside each other`);
    }
    const problem = target
      ? `"*${node.source}" stands inside the value it repeats`
      : `nothing is anchored as "&${node.source}"`;
    this.errors.push(syntaxError(this.#source, node.range[0], problem));
    return { value: null, size: 1, depth: 0 };
  }

  #readMap(node: YAMLMap.Parsed): Reading {
    this.#spend(1, node);
    const fields: Fields = this.fields.of(node);
    const value = Object.create(null) as Record<string, unknown>;
    let size = 1;
    let depth = 0;
    for (const [key, field] of fields) {
      const reading = this.#read(field.value);
      value[key] = reading.value;
      size += reading.size;
      depth = Math.max(depth, reading.depth);
    }
    return { value, size, depth: depth + 1 };
  }

  #readSeq(node: YAMLSeq.Parsed): Reading {
    this.#spend(1, node);
    if (node.items.length > MAX_ITEMS) {
      throw syntaxError(this.#source, node.range[0], `the list has more than ${MAX_ITEMS} items`);
    }
    const value: unknown[] = [];
    let size = 1;
    let depth = 0;
    for (const item of node.items) {
      const reading = this.#read(item as ParsedNode);
      value.push(reading.value);
      size += reading.size;
      depth = Math.max(depth, reading.depth);
    }
    return { value, size, depth: depth + 1 };
  }

  #spend(count: number, node: ParsedNode): void {
    this.#left -= count;
    if (this.#left < 0)
      throw syntaxError(
        this.#source,
        node.range[0],
        `the manifest holds more than ${MAX_VALUES} values, aliases followed`,
      );
  }
}
