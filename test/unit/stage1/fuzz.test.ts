import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { TOP } from '../../harness/paths.ts';
import { newCorpus } from '../../fuzz/tapes.ts';

const outDir = mkdtempSync(join(tmpdir(), 'pod-fuzz-'));
after(() => rmSync(outDir, { recursive: true, force: true }));

function build(name: string): string | undefined {
  const script = `import(process.argv[1]).then((m) => console.log(m.buildFuzzer(...process.argv.slice(2))))`;
  const built = spawnSync(process.execPath, ['-e', script, join(TOP, 'test/fuzz/build.mjs'), TOP, outDir, name], {
    encoding: 'utf8',
  });
  return built.status === 0 ? built.stdout.trim() : undefined;
}

function writeTapes(): string[] {
  return [...newCorpus(process.arch === 'arm64' ? 'aarch64' : 'x86_64')].map(([name, bytes]) => {
    const path = join(outDir, `${name}.tape`);
    writeFileSync(path, bytes);
    return path;
  });
}

/** A new seed every time would make a failure somebody else's; `npm run fuzz` is for that. */
const SEED = '1';

for (const name of ['tape-fuzz']) {
  test(`a million inputs find nothing in ${name}`, (t) => {
    if (spawnSync(process.env['CC'] ?? 'cc', ['--version']).status !== 0) return t.skip('no C compiler');
    const program = build(name);
    assert.ok(program, 'it compiles');
    const { status, stdout, stderr } = spawnSync(program, [SEED, '1000000', ...writeTapes()], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    const refused = Number(/(\d+) refused/.exec(stdout)?.[1]);
    assert.ok(refused > 500_000 && refused < 1_000_000, stdout);
  });
}
