import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { callModule } from '../harness/call-module.ts';
import { TOP } from '../harness/paths.ts';
import type { CgroupLayout, Machine } from './machine.ts';

/** What test/run/play.mjs says of a file. */
interface FileResult {
  readonly file: string;
  readonly passed: number;
  readonly failures: readonly { readonly name: string; readonly text: string }[];
  readonly skips: readonly { readonly name: string; readonly text: string }[];
}

const MARK = '@@file';
/** Of a guest that hangs; see checks.ts. */
const LIMIT_MS = 900_000;

/** Plays test files of the machine's own, named as below test/host/, where the cgroups are others: a test for each file. */
export function playSuite(machine: Machine, cgroups: CgroupLayout, names: readonly string[]): void {
  const obstacle = machine.findObstacle();
  const results = obstacle === undefined ? playAll(machine, cgroups, names.map(toFile)) : undefined;
  for (const name of names) {
    test(`test/host/${name}.test.ts passes on cgroup ${cgroups}`, { skip: obstacle ?? false }, async () => {
      const { output, found } = await results!;
      const result = found.find(({ file }) => file.endsWith(toFile(name).replace(/\.ts$/, '.cjs')));
      assert.ok(result, `the guest did not get that far:\n${output}`);
      assert.deepEqual(result.failures, []);
      assert.ok(result.passed > 0, `all are skipped there: ${JSON.stringify(result.skips)}`);
    });
  }
}

function toFile(name: string): string {
  return `test/host/${name}.test.ts`;
}

async function playAll(
  machine: Machine,
  cgroups: CgroupLayout,
  files: readonly string[],
): Promise<{ output: string; found: FileResult[] }> {
  // Below dist, where the bundles find the project's packages.
  mkdirSync(join(TOP, 'dist/test'), { recursive: true });
  const outDir = mkdtempSync(join(TOP, 'dist/test/guest-'));
  try {
    const program = [join(TOP, 'test/run/guest.mjs'), MARK, ...bundle(outDir, files)].join(' ');
    const output = await machine.run({ cgroups, program, limitMs: LIMIT_MS });
    // The kernel writes to the console as well, and not always in lines of its own.
    const lines = output.split('\n').filter((line) => line.includes(MARK));
    const found = lines.map((line) => JSON.parse(line.slice(line.indexOf(MARK) + MARK.length)) as FileResult);
    return { output, found };
  } finally {
    rmSync(outDir, { recursive: true, force: true });
  }
}

function bundle(outDir: string, files: readonly string[]): string[] {
  const bundles = callModule(join(TOP, 'test/run/bundle.mjs'), 'bundleInto', outDir, files) as [string, string][];
  return bundles.map(([, path]) => path);
}
