import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BPF_JMP_JEQ_K, BPF_LD_W_ABS, ClassicAssembler } from '../../../stages/linux/classic-bpf.ts';
import { runFilter } from '../stage0/isolators/run-filter.ts';
import { decodeClassic } from './decode-classic.ts';

test('an instruction has the layout of struct sock_filter', () => {
  const program = new ClassicAssembler();
  const last = program.ret(9);
  const yes = program.ret(8);
  program.ret(7);
  program.branch(BPF_JMP_JEQ_K, 0x8000_0003, yes, last);
  const bytes = program.finish();
  assert.deepEqual([...bytes.subarray(0, 8)], [0x15, 0, 1, 2, 3, 0, 0, 0x80]);
  assert.deepEqual(decodeClassic(bytes)[0], { code: BPF_JMP_JEQ_K, jt: 1, jf: 2, k: 0x8000_0003 });
});

for (const length of [100, 250, 252, 253, 254, 255, 256, 257, 300, 2000]) {
  test(`a jump over ${length} instructions arrives`, () => {
    const program = new ClassicAssembler();
    const far = program.ret(7);
    let next = program.ret(8);
    for (let index = 0; index < length; index++) next = program.before(next, BPF_LD_W_ABS, 0);
    const farTest = program.before(far, BPF_LD_W_ABS, 4);
    program.before(program.branch(BPF_JMP_JEQ_K, 5, farTest, next), BPF_LD_W_ABS, 0);
    const bytes = program.finish();
    assert.equal(runFilter(bytes, { nr: 5, arch: 0 }), 7);
    assert.equal(runFilter(bytes, { nr: 6, arch: 0 }), 8);
  });
}

test('a program longer than the kernel takes is our bug', () => {
  const program = new ClassicAssembler();
  let next = program.ret(0);
  for (let index = 0; index < 4096; index++) next = program.before(next, BPF_LD_W_ABS, 0);
  assert.throws(() => program.finish());
});
