import { type Alias, isAlias, isMap, isScalar, isSeq, type Pair, type ParsedNode, type YAMLMap } from 'yaml';
import { PodError } from '../error.ts';
import { shorten } from './show.ts';
import type { Source } from './source.ts';
import { syntaxError } from './yaml-read.ts';

export interface Field {
  readonly key: ParsedNode;
  readonly value: ParsedNode | null;
}

export type Fields = ReadonlyMap<string, Field>;

const MAX_MERGED_FIELDS = 20_000;

/** The fields of every map, by name, with merges (`<<`) done; and what aliases mean. */
export class FieldTable {
  readonly #source: Source;
  readonly #errors: PodError[];
  readonly #anchors = new Map<string, ParsedNode>();
  readonly #targets = new Map<ParsedNode, ParsedNode | undefined>();
  readonly #fields = new Map<YAMLMap.Parsed, Fields>();
  #merged = 0;

  constructor(source: Source, errors: PodError[]) {
    this.#source = source;
    this.#errors = errors;
  }

  anchor(name: string, node: ParsedNode): void {
    this.#anchors.set(name, node);
  }

  /** What an alias repeats: the last anchor of that name before it, so the first look-up must happen in document order. */
  target(alias: ParsedNode & { source: string }): ParsedNode | undefined {
    if (!this.#targets.has(alias)) this.#targets.set(alias, this.#anchors.get(alias.source));
    return this.#targets.get(alias);
  }

  of(map: YAMLMap.Parsed): Fields {
    const known = this.#fields.get(map);
    if (known) return known;
    const fields = new Map<string, Field>();
    // Registered first: a map that merges itself finds itself empty.
    this.#fields.set(map, fields);
    const merges: ParsedNode[] = [];
    for (const pair of map.items as Pair<ParsedNode, ParsedNode | null>[]) {
      if (isMergeKey(pair.key) && pair.value) merges.push(pair.value);
      else this.#add(fields, pair);
    }
    for (const merge of merges) this.#merge(fields, merge);
    return fields;
  }

  #add(fields: Map<string, Field>, pair: Pair<ParsedNode, ParsedNode | null>): void {
    const { key } = pair;
    const name = this.#keyName(key);
    if (name === undefined) return;
    if (fields.has(name)) {
      const message = `the field "${shorten(name)}" is there twice`;
      this.#errors.push(new PodError('manifest/duplicate', message, { at: this.#source.position(key.range[0]) }));
      return;
    }
    fields.set(name, { key, value: pair.value });
  }

  #keyName(node: ParsedNode): string | undefined {
    const key = isAlias(node) ? this.target(node as Alias.Parsed) : node;
    if (isScalar(key)) {
      if (key.anchor !== undefined) this.#anchors.set(key.anchor, key as ParsedNode);
      // `true:` and `8080:` are names too: what was written counts, not what it would be as a value.
      if (typeof key.value === 'string' && (key.value !== '' || key.type !== 'PLAIN')) return key.value;
    }
    this.#errors.push(
      syntaxError(
        this.#source,
        node.range[0],
        "a field's name must be a word",
        'put it in double quotes if it begins with a special character',
      ),
    );
    return undefined;
  }

  /** What stands in the map itself wins over what is merged, and earlier merges over later ones. */
  #merge(fields: Map<string, Field>, node: ParsedNode): void {
    const source = isAlias(node) ? this.target(node as Alias.Parsed) : node;
    const maps = isSeq(source) ? (source.items as ParsedNode[]) : [source];
    for (const item of maps) {
      const map = isAlias(item) ? this.target(item as Alias.Parsed) : item;
      if (!isMap(map)) {
        const hint = 'write "<<: *name", where &name marks a map';
        this.#errors.push(syntaxError(this.#source, node.range[0], '"<<" merges maps only', hint));
        continue;
      }
      for (const [name, field] of this.of(map as YAMLMap.Parsed)) {
        if (++this.#merged > MAX_MERGED_FIELDS) {
          throw syntaxError(this.#source, node.range[0], `more than ${MAX_MERGED_FIELDS} fields are merged with "<<"`);
        }
        if (!fields.has(name)) fields.set(name, field);
      }
    }
  }
}

function isMergeKey(key: ParsedNode): boolean {
  return isScalar(key) && key.value === '<<' && key.type === 'PLAIN';
}
