import assert from 'node:assert/strict';
import { test } from 'node:test';
import { execa } from 'execa';
import { TOP } from '../../harness/paths.ts';

type Bar = Readonly<Record<string, string | number>>;

async function verdicts(bars: readonly Bar[], medians: Readonly<Record<string, number>>): Promise<string[]> {
  const script = `import(${JSON.stringify(`${TOP}/bench/judge.mjs`)}).then((m) => {
    const rows = m.judge('x', ${JSON.stringify(bars)}, new Map(Object.entries(${JSON.stringify(medians)})));
    console.log(JSON.stringify(rows.map((row) => row.verdict)));
  })`;
  const { stdout } = await execa(process.execPath, ['-e', script], { cwd: TOP });
  return JSON.parse(stdout) as string[];
}

test('a bar is met at its limit and missed above it', async () => {
  const bars = [{ subject: 'ours', peer: 'theirs', times: 0.5 }];
  assert.deepEqual(await verdicts(bars, { ours: 5, theirs: 10 }), ['ok']);
  assert.deepEqual(await verdicts(bars, { ours: 5.1, theirs: 10 }), ['MISSED']);
});

test('what was not measured passes no bar', async () => {
  const bars = [
    { subject: 'ours', peer: 'theirs', times: 0.5 },
    { subject: 'ours', atMost: 2, unit: 'ms' },
  ];
  assert.deepEqual(await verdicts(bars, { theirs: 10 }), ['not measured', 'not measured']);
  assert.deepEqual(await verdicts(bars, { ours: 1 }), ['not measured', 'ok']);
});

test('bars may be a surplus, a limit or a least value', async () => {
  const bars = [
    { subject: 'ours', peer: 'theirs', plusMs: 25 },
    { subject: 'ours', atMost: 40, unit: 'ms' },
    { subject: 'ours', atLeast: 100, unit: 'a second' },
  ];
  assert.deepEqual(await verdicts(bars, { ours: 45, theirs: 20 }), ['ok', 'MISSED', 'MISSED']);
});
