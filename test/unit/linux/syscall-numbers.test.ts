import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findSyscall, SYSCALLS } from '../../../stages/linux/syscall-numbers.ts';

for (const [arch, numbers] of Object.entries(SYSCALLS)) {
  test(`the numbers of ${arch} stand in order, each once`, () => {
    const all = Object.values(numbers);
    for (const [index, number] of all.entries()) assert.ok(index === 0 || all[index - 1]! < number, `${number}`);
  });
}

test('each number is found by its name alone, and what is no name finds none', () => {
  for (const arch of ['x86_64', 'aarch64'] as const) {
    for (const [name, number] of Object.entries(SYSCALLS[arch])) assert.equal(findSyscall(arch, name), number, name);
    for (const name of ['', ' ', '57', 'rea', 'ead', 'read 0']) assert.equal(findSyscall(arch, name), undefined, name);
  }
  assert.deepEqual([findSyscall('x86_64', 'read'), findSyscall('aarch64', 'file_setattr')], [0, 469]);
});
