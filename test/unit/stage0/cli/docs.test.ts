import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { renderReference } from '../../../../stages/stage0/cli/reference.ts';
import { packageDir } from '../../../../stages/stage0/cli/package-dir.ts';
import { VERBS } from '../../../../stages/stage0/cli/verbs.ts';

test('every verb has a purpose, a usage and an example, and is called what the table calls it', async () => {
  for (const entry of VERBS) {
    const { verb } = await entry.load();
    assert.equal(verb.name, entry.name);
    assert.ok(verb.purpose.endsWith('.'), entry.name);
    assert.ok(verb.usage.length > 0 && verb.examples.length > 0, entry.name);
    for (const usage of verb.usage) assert.match(usage, /^pod /);
    const letters = verb.flags.flatMap((flag) => flag.short ?? []);
    assert.equal(new Set([...letters, 'q', 'h']).size, letters.length + 2, `${entry.name}: two flags share a letter`);
  }
});

test('docs/cli.md is what the verbs say; UPDATE=1 writes it', async () => {
  const path = join(packageDir(), 'docs/cli.md');
  const text = await renderReference();
  if (process.env['UPDATE'] === '1') writeFileSync(path, text);
  assert.equal(readFileSync(path, 'utf8'), text);
});
