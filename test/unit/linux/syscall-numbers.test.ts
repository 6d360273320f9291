import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SYSCALLS } from '../../../stages/linux/syscall-numbers.ts';

for (const [arch, numbers] of Object.entries(SYSCALLS)) {
  test(`the numbers of ${arch} stand in order, each once`, () => {
    const all = Object.values(numbers);
    for (const [index, number] of all.entries()) assert.ok(index === 0 || all[index - 1]! < number, `${number}`);
  });
}
