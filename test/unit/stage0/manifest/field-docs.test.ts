import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { FieldDocs } from '../../../../stages/stage0/manifest/field-docs.ts';
import type { SchemaNode } from '../../../../stages/stage0/manifest/validator.ts';
import { TOP } from '../../../harness/paths.ts';

const read = (name: string): SchemaNode =>
  JSON.parse(readFileSync(`${TOP}/schemas/${name}.v1.schema.json`, 'utf8')) as SchemaNode;
const docs = new FieldDocs([read('pod'), read('isolators')]);

/** Every field below, with what it is. */
function all(path: readonly string[] = []): string[] {
  if (path.length > 8) throw new Error(`no end at ${path.join('.')}`);
  return docs.names(path).flatMap((name) => [[...path, name].join('.'), ...all([...path, name])]);
}

test('every field of the schema has a page, with a type and a description', () => {
  const fields = all();
  for (const path of ['apps.restart.backoff.cap', 'volumes.files', 'apps.isolators.resource/memory.limit'])
    assert.ok(fields.includes(path), path);
  assert.ok(fields.length > 300, String(fields.length));
  const top = docs.page([]);
  assert.ok(top?.fields.every(({ type, description }) => type !== '' && description !== ''));
});

test('a field says whether it is required, and what it is without', () => {
  const policy = docs.page(['apps', 'restart', 'policy']);
  assert.deepEqual([policy?.isRequired, policy?.default], [false, 'never']);
  assert.equal(docs.page(['apps', 'mounts', 'volume'])?.isRequired, true);
  // Of a choice: what all forms require, and what one of them does.
  assert.deepEqual(
    ['name', 'kind', 'source'].map((name) => docs.page(['volumes', name])?.isRequired),
    [true, true, false],
  );
});

test('an isolator is found without its place, and a field of it, too', () => {
  assert.deepEqual(docs.isolatorPath(['resource/memory']), ['apps', 'isolators', 'resource/memory']);
  assert.deepEqual(docs.isolatorPath(['os/linux/sysctl', 'x']), ['isolators', 'os/linux/sysctl', 'x']);
  assert.equal(docs.isolatorPath(['apps']), undefined);
  for (const name of docs.isolators()) assert.ok(docs.page(docs.isolatorPath([name])!)?.description, name);
});

test('the names of a map are whatever they are; any other unknown field is none', () => {
  assert.ok(docs.page(['apps', 'env', 'ANY']));
  assert.equal(docs.page(['apps', 'comand']), undefined);
  assert.equal(docs.page(['apps', 'constructor']), undefined);
});
