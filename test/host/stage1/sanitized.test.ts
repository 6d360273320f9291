import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import { callModule } from '../../harness/call-module.ts';
import { TOP } from '../../harness/paths.ts';

/** Those that start pods in their own process, and so with the binary beside them. */
const FILES = ['ends', 'stop', 'control', 'logs', 'probes', 'probe-commands', 'grpc'].map(
  (name) => `test/host/stage1/${name}.test.ts`,
);

// Below dist, where the bundles find the project's packages.
const outDir = join(TOP, 'dist/test/sanitized');
let bundles: string[] = [];

before(() => {
  bundles = callModule(join(TOP, 'test/fuzz/build.mjs'), 'buildSanitizedTests', TOP, outDir, FILES) as string[];
});
after(() => rmSync(outDir, { recursive: true, force: true }));

for (const file of FILES) {
  test(`${basename(file)} passes with stage1 under ASan and UBSan`, () => {
    const { NODE_TEST_CONTEXT: _context, ...env } = process.env;
    const bundle = bundles.find((path) => basename(path, '.cjs') === basename(file, '.ts'))!;
    const { status, stdout } = spawnSync(process.execPath, ['--test', bundle], { encoding: 'utf8', env });
    assert.equal(status, 0, stdout);
  });
}
