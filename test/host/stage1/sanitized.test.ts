import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import { TOP } from '../../harness/paths.ts';

/** Those that start pods in their own process, and so with the binary beside them. */
const FILES = ['ends', 'stop', 'control', 'logs', 'probes'].map((name) => `test/host/stage1/${name}.test.ts`);

// Below dist, where the bundles find the project's packages.
const outDir = join(TOP, 'dist/test/sanitized');
let bundles: string[] = [];

before(() => {
  const script = `import(process.argv[1]).then((m) => m.buildSanitizedTests(process.argv[2], process.argv[3], process.argv.slice(4)))
    .then((bundles) => console.log(JSON.stringify(bundles)))`;
  const built = spawnSync(process.execPath, ['-e', script, join(TOP, 'test/fuzz/build.mjs'), TOP, outDir, ...FILES], {
    encoding: 'utf8',
  });
  assert.equal(built.status, 0, built.stderr);
  bundles = JSON.parse(built.stdout) as string[];
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
