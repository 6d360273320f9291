import assert from 'node:assert/strict';
import { readFileSync, writeSync } from 'node:fs';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { RLIMIT } from '../../../stages/linux/rlimit.ts';
import { rlimit64 } from '../../../stages/linux/structs.ts';
import { syscall } from '../../../stages/linux/syscall.ts';
import { SpareCaptures } from '../../../stages/stage0/library/capture.ts';

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
