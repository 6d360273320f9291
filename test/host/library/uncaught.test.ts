import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { TOP } from '../../harness/paths.ts';

/** Node shows the line that threw; longer than this, it hides the message. */
const LONGEST_LINE = 1000;

for (const [kind, call] of [
  ['one error', "run('hello.yaml', { root: '' })"],
  ['several errors', "run({ apiVersion: 'pod/v1', kind: 'Pod', metadata: { name: 'A' }, apps: [] })"],
] as const) {
  test(`a program that catches nothing shows the message, and little of our code (${kind})`, () => {
    const program = `require(${JSON.stringify(join(TOP, 'dist/index.cjs'))}).${call}`;
    const { status, stderr } = spawnSync(process.execPath, ['-e', program], { encoding: 'utf8' });
    assert.equal(status, 1);
    assert.match(stderr, /^(PodError|PodErrors): \S/m);
    const longest = Math.max(...stderr.split('\n').map((line) => line.length));
    assert.ok(longest < LONGEST_LINE, `a line of ${longest} characters`);
  });
}
