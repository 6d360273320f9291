import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ERROR_CODES } from '../error.ts';
import { FieldDocs } from '../manifest/field-docs.ts';
import type { SchemaNode } from '../manifest/validator.ts';
import { packageDir } from './package-dir.ts';

export function readDocs(): FieldDocs {
  const read = (name: string): SchemaNode =>
    JSON.parse(readFileSync(join(packageDir(), 'schemas', `${name}.v1.schema.json`), 'utf8')) as SchemaNode;
  return new FieldDocs([read('pod'), read('isolators')]);
}

/** What `pod explain` takes in the place of `word`: fields next to the one that is written, isolators and error codes. */
export function explainTopics(word: string): string[] {
  const docs = readDocs();
  const parents = word.split('.').slice(0, -1);
  const path = docs.isolatorPath(parents) ?? parents;
  const fields = docs.names(path).map((name) => [...parents, name].join('.'));
  return parents.length > 0 ? fields : [...fields, ...docs.isolators(), ...Object.keys(ERROR_CODES)];
}
