import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { test } from 'node:test';
import { readCgroupFacts } from '../../stages/stage0/cgroup/hierarchies.ts';
import { collect } from '../../stages/stage0/gc/collect.ts';
import { assertNothingLeft } from '../harness/leaks.ts';
import { takeSnapshot } from '../harness/snapshot.ts';
import type { CgroupLayout, Machine } from './machine.ts';

/** One test that is played in the guest. */
export interface Check {
  readonly name: string;
  readonly run: (root: string) => Promise<void>;
}

interface Result {
  readonly name: string;
  readonly error?: string;
  readonly ms: number;
}

const MARK = '@@result ';
/** Of a guest that hangs. On a machine of two cores it takes one minute, beside others two or three. */
const LIMIT_MS = 900_000;
const HAS_LAYOUT = 'the guest has no other cgroups';
const NOTHING_LEFT = 'nothing is left of any pod';

/**
 * The test file is bundled into one script, and plays both parts: on the machine it boots a guest that runs the same script, and
 * reports what the guest found; in the guest it runs the checks.
 */
export async function playInGuest(machine: Machine, cgroups: CgroupLayout, checks: readonly Check[]): Promise<void> {
  if (process.env['POD_GUEST'] === undefined) reportGuest(machine, cgroups, checks);
  else await runChecks(cgroups, checks);
}

function reportGuest(machine: Machine, cgroups: CgroupLayout, checks: readonly Check[]): void {
  const obstacle = machine.findObstacle();
  const names = [HAS_LAYOUT, ...checks.map(({ name }) => name), NOTHING_LEFT];
  if (obstacle !== undefined) {
    for (const name of names) test(name, { skip: obstacle }, () => {});
    return;
  }
  const output = machine.run({ cgroups, program: import.meta.filename, limitMs: LIMIT_MS });
  for (const name of names) {
    test(name, async () => {
      const results = parseResults(await output);
      const result = results.find((each) => each.name === name);
      if (!result) throw new Error(`the guest did not get that far:\n${await output}`);
      if (result.error !== undefined) throw new Error(result.error);
    });
  }
}

function parseResults(output: string): Result[] {
  // The kernel writes to the console as well, and not always in lines of its own.
  const lines = output.split('\n').filter((line) => line.includes(MARK));
  return lines.map((line) => JSON.parse(line.slice(line.indexOf(MARK) + MARK.length)) as Result);
}

async function runChecks(cgroups: CgroupLayout, checks: readonly Check[]): Promise<void> {
  await report(HAS_LAYOUT, async () => assert.equal(readCgroupFacts().mode, cgroups));
  const root = mkdtempSync('/var/tmp/pod-v2-');
  const atStart = takeSnapshot();
  for (const { name, run } of checks) await report(name, () => run(root));
  await report(NOTHING_LEFT, async () => {
    await collect(root);
    await assertNothingLeft(atStart);
  });
}

async function report(name: string, run: () => Promise<void>): Promise<void> {
  const startMs = Date.now();
  let result: Omit<Result, 'ms'> = { name };
  try {
    await run();
  } catch (error) {
    result = { name, error: error instanceof Error ? `${error.stack}` : String(error) };
  }
  console.log(`${MARK}${JSON.stringify({ ...result, ms: Date.now() - startMs })}`);
}
