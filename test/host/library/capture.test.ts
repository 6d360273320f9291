import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeSync } from 'node:fs';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { RLIMIT } from '../../../stages/linux/rlimit.ts';
import { rlimit64 } from '../../../stages/linux/structs.ts';
import { syscall } from '../../../stages/linux/syscall.ts';
import { MAX_BYTES, SpareCaptures } from '../../../stages/stage0/library/capture.ts';
import { PipeCapture } from '../../../stages/stage0/library/pipe-capture.ts';

function setFileLimit(soft: number, hard: number): void {
  syscall('prlimit64', 0, RLIMIT.RLIMIT_NOFILE, rlimit64(BigInt(soft), BigInt(hard)), null);
}

test('a spare file that cannot be made ends no program, and is made when it is needed', async () => {
  using captures = new SpareCaptures();
  captures.take()[Symbol.dispose]();
  const [, soft, hard] = /^Max open files +(\d+) +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))!;
  setFileLimit(0, Number(hard));
  try {
    captures.refillSoon();
    await turn();
    await turn();
  } finally {
    setFileLimit(Number(soft), Number(hard));
  }
  using capture = captures.take();
  writeSync(capture.far.number, 'said');
  assert.equal(capture.text(), 'said');
});

async function print(capture: PipeCapture, bytes: number): Promise<unknown[]> {
  const stdio = ['ignore', capture.far.number, 'ignore'] as const;
  return await once(spawn('head', ['-c', String(bytes), '/dev/zero'], { stdio: [...stdio] }), 'exit');
}

test('a pipe in place of a file has all that was written, and is broken beyond the limit', async () => {
  for (const bytes of [0, 1, 1_000_000]) {
    using capture = new PipeCapture();
    assert.deepEqual(await print(capture, bytes), [0, null]);
    assert.equal(capture.text().length, bytes);
  }
  using capture = new PipeCapture();
  assert.deepEqual(await print(capture, MAX_BYTES * 2), [null, 'SIGPIPE']);
  assert.ok(capture.text().length < MAX_BYTES * 1.1);
});
