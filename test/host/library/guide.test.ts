import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { execa } from 'execa';
import { TOP } from '../../harness/paths.ts';
import { cliEnvironment } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';

const root = useTempRoot();
const dir = mkdtempSync('/var/tmp/pod-library-guide-');
after(() => rmSync(dir, { recursive: true }));

test('the program of docs/library.md prints what it says', async () => {
  const guide = readFileSync(join(TOP, 'docs/library.md'), 'utf8');
  const [, program] = /^```js\n(.*?)^```$/ms.exec(guide)!;
  mkdirSync(join(dir, 'node_modules'));
  symlinkSync(TOP, join(dir, 'node_modules/pod'));
  writeFileSync(join(dir, 'example.mjs'), program!.replace('/var/lib/pod', root));
  const { exitCode, stdout, stderr } = await execa(process.execPath, ['example.mjs'], {
    cwd: dir,
    env: cliEnvironment(),
    extendEnv: false,
    reject: false,
    timeout: 60_000,
  });
  assert.equal(exitCode, 0, stderr);
  const lines = stdout.split('\n');
  assert.match(lines[0]!, /^[0-9a-f-]{36} example \[\] \[ 'main' \]$/);
  assert.equal(lines[1], '0 example');
  assert.match(stdout, /^134217728 \d+$/m);
  assert.match(stdout, /^paused$/m);
  assert.match(stdout, /^main \S+Z stdout up$/m);
  assert.match(stdout, /^143$/m);
  assert.match(stderr, /^manifest\/unreadable read manifest "no-such\.pod\.yaml": no such file$/m);
});
