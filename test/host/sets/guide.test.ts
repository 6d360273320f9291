import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { execa } from 'execa';
import { POD_BIN, TOP } from '../../harness/paths.ts';
import { cliEnvironment } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';

const root = useTempRoot();
const dir = mkdtempSync('/var/tmp/pod-guide-');
after(() => rmSync(dir, { recursive: true }));

/** `pod`, with the state directory of the test. */
function makeCommand(): string {
  const bin = join(dir, 'bin');
  mkdirSync(bin);
  writeFileSync(
    join(bin, 'pod'),
    `#!/bin/sh\nverb=$1\nshift\nexec ${process.execPath} ${POD_BIN} "$verb" --root ${root} "$@"\n`,
  );
  chmodSync(join(bin, 'pod'), 0o755);
  return bin;
}

function writeFileOf(block: string): void {
  const path = join(dir, /^# (\S+)\n/.exec(block)![1]!);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, block);
}

const PATH = `${makeCommand()}:${process.env['PATH']}`;

for (const [guide, atLeast] of [
  ['docs/gitops.md', 10],
  ['docs/lock.md', 2],
] as const) {
  test(`every block of ${guide} does what it says`, async () => follow(guide, atLeast));
}

async function follow(guide: string, atLeast: number): Promise<void> {
  const text = readFileSync(join(TOP, guide), 'utf8');
  const blocks = [...text.matchAll(/^```(yaml|sh)\n([^]*?)^```$/gm)];
  assert.ok(blocks.length >= atLeast);
  for (const [, language, block] of blocks) {
    if (language === 'yaml') writeFileOf(block!);
    for (const line of language === 'sh' ? block!.trimEnd().split('\n') : []) {
      const expected = Number(/# exit (\d+)$/.exec(line)?.[1] ?? 0);
      const { exitCode, all } = await execa('/bin/sh', ['-c', line], {
        cwd: dir,
        env: cliEnvironment({ PATH }),
        extendEnv: false,
        reject: false,
        all: true,
        timeout: 60_000,
      });
      assert.equal(exitCode, expected, `${line}\n${all}`);
    }
  }
}
