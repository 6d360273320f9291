import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { callModule } from '../../harness/call-module.ts';
import { TOP } from '../../harness/paths.ts';
import { newCorpus } from '../../fuzz/tapes.ts';

const outDir = mkdtempSync(join(tmpdir(), 'pod-fuzz-'));
after(() => rmSync(outDir, { recursive: true, force: true }));

function build(name: string): string {
  return callModule(join(TOP, 'test/fuzz/build.mjs'), 'buildFuzzer', TOP, outDir, name) as string;
}

const arch = process.arch === 'arm64' ? 'aarch64' : 'x86_64';

/** Their paths, for those a fuzzer wants. */
function writeTapes(...names: readonly string[]): string[] {
  const corpus = newCorpus(arch);
  return names.map((name) => {
    const path = join(outDir, `${name}.tape`);
    writeFileSync(path, corpus.get(name)!);
    return path;
  });
}

/** A new seed every time would make a failure somebody else's; `npm run fuzz` is for that. */
const SEED = '1';

function fuzz(name: string, count: string, tapes: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(build(name), [SEED, count, ...tapes], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return stdout;
}

const isCompilerMissing = spawnSync(process.env['CC'] ?? 'cc', ['--version']).status !== 0;
const skip = isCompilerMissing ? 'no C compiler' : false;

test('a million mutated tapes are refused, or played within their bounds', { skip }, () => {
  const output = fuzz('tape-fuzz', '1000000', writeTapes('small', 'pod', 'many', 'exec'));
  const refused = Number(/(\d+) refused/.exec(output)?.[1]);
  assert.ok(refused > 500_000 && refused < 1_000_000, output);
});

test('a request to the metadata service is read to its end and no further', { skip }, () => {
  const output = fuzz('http-fuzz', '300000', []);
  const complete = Number(/(\d+) complete/.exec(output)?.[1]);
  assert.ok(complete > 30_000, output);
});

test('init loses no descriptor, signals no stranger and ends, whatever happens in whatever order', { skip }, () => {
  fuzz('init-fuzz', '150000', writeTapes('small', 'exec'));
});
