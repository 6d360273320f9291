import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { execa } from 'execa';
import { TOP } from '../../harness/paths.ts';
import { cliEnvironment } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';

const root = useTempRoot();
const guide = readFileSync(join(TOP, 'docs/testing.md'), 'utf8');
const blocks = [...guide.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block!);
const commands = blocks.flatMap((block) => block.trim().split('\n'));
const missing = ['vitest', 'jest'].filter((name) => !existsSync(join(TOP, 'node_modules', name)));

test('the guide names a command for each test runner', () => {
  assert.equal(commands.length, 3);
});

// One after the other: the first sets the database up, and who has the same text of `setup` finds it.
for (const command of commands) {
  const skip = missing.length > 0 ? `${missing.join(' and ')} is not installed: npm ci` : false;
  test(`the guide's "${command}" passes, and leaves no pod`, { skip }, async () => {
    const env = { ...cliEnvironment(), POD_EXAMPLE_ROOT: root };
    const { exitCode, all } = await execa({ cwd: TOP, env, extendEnv: false, shell: true, all: true, reject: false })(
      command,
    );
    assert.equal(exitCode, 0, all);
    assert.match(all, /\bpass|PASS/);
    assert.deepEqual(readdirSync(`${root}/pods/run`), []);
    assert.ok(readdirSync(`${root}/snapshots/shop`).length > 0);
  });
}
