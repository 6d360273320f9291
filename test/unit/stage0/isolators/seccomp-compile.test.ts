import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  BPF_JMP_JEQ_K,
  BPF_JMP_JGE_K,
  BPF_JMP_JGT_K,
  BPF_LD_W_ABS,
  BPF_RET_K,
  SOCK_FILTER_BYTES,
} from '../../../../stages/linux/classic-bpf.ts';
import { AUDIT_ARCH } from '../../../../stages/linux/seccomp.ts';
import { type Arch, SYSCALLS } from '../../../../stages/linux/syscall-numbers.ts';
import { DEFAULT_CAPABILITIES } from '../../../../stages/stage0/isolators/capability-sets.ts';
import type {
  SeccompAction,
  SeccompPolicy,
  SeccompRule,
  SeccompTest,
} from '../../../../stages/stage0/isolators/isolator.ts';
import { compileSeccomp } from '../../../../stages/stage0/isolators/seccomp-compile.ts';
import { ALLOW, defaultPolicy, REFUSE, UNKNOWN } from '../../../../stages/stage0/isolators/seccomp-default.ts';
import { decodeClassic } from '../../linux/decode-classic.ts';
import { runFilter } from './run-filter.ts';

const KILL = 0x8000_0000;
const ARCHES: readonly Arch[] = ['x86_64', 'aarch64'];
const OTHER_ARCHES = [0x4000_0003, 0x4000_0028, 0xc000_00f3, 0, 0xffff_ffff];

/** The kernel's numbers for answers, written down a second time on purpose. */
function answer(action: SeccompAction): number {
  const plain = { allow: 0x7fff_0000, log: 0x7ffc_0000, trap: 0x3_0000, kill: KILL } as const;
  return action.kind === 'errno' ? 0x5_0000 + action.errno : plain[action.kind];
}

function holds({ arg, op, value, mask = (1n << 64n) - 1n }: SeccompTest, args: readonly bigint[]): boolean {
  const actual = args[arg]! & mask;
  const tests = {
    eq: actual === value,
    'masked-eq': actual === value,
    ne: actual !== value,
    lt: actual < value,
    le: actual <= value,
    gt: actual > value,
    ge: actual >= value,
  };
  return tests[op];
}

/** What the policy says, worked out the slow way. */
function expected(policy: SeccompPolicy, arch: Arch, nr: number, args: readonly bigint[]): number {
  if (arch === 'x86_64' && nr >= 0x4000_0000 && nr !== 0xffff_ffff) return KILL;
  const name = Object.keys(SYSCALLS[arch]).find((known) => SYSCALLS[arch][known] === nr);
  const rule = name === undefined ? undefined : policy.rules.get(name);
  if (!rule) return answer(policy.defaultAction);
  const match = rule.when?.find(({ tests }) => tests.every((each) => holds(each, args)));
  return answer((match ?? rule).action);
}

/** xorshift32: the same inputs in every run. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>>= 0);
  };
}

function check(policy: SeccompPolicy, arch: Arch, program: Uint8Array, nr: number, args: readonly bigint[]): void {
  const actual = runFilter(program, { nr, arch: AUDIT_ARCH[arch], args });
  assert.equal(actual, expected(policy, arch, nr, args), `${arch} call ${nr} (${args.join(', ')})`);
}

const SPECIAL_NUMBERS = [0x3fff_ffff, 0x4000_0000, 0x4000_0001, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff];
const NO_ARGS = [0n, 0n, 0n, 0n, 0n, 0n];

function checkNumbers(policy: SeccompPolicy, arch: Arch): void {
  const program = compileSeccomp(policy, arch);
  for (let nr = 0; nr <= 600; nr++) check(policy, arch, program, nr, NO_ARGS);
  for (const nr of SPECIAL_NUMBERS) check(policy, arch, program, nr, NO_ARGS);
  for (let nr = 0; nr <= 600; nr++) check(policy, arch, program, (nr | 0x4000_0000) >>> 0, NO_ARGS);
  for (const other of OTHER_ARCHES) assert.equal(runFilter(program, { nr: 1, arch: other }), KILL);
}

for (const arch of ARCHES) {
  test(`the default filter on ${arch} answers every number as the policy says`, () => {
    checkNumbers(defaultPolicy(DEFAULT_CAPABILITIES), arch);
    checkNumbers(defaultPolicy((1n << 41n) - 1n), arch);
    checkNumbers(defaultPolicy(0n), arch);
  });

  test(`the default filter on ${arch} has at most 80 instructions`, () => {
    const program = compileSeccomp(defaultPolicy(DEFAULT_CAPABILITIES), arch);
    assert.ok(program.byteLength / SOCK_FILTER_BYTES <= 80, `${program.byteLength / SOCK_FILTER_BYTES}`);
  });

  test(`a thousand random policies on ${arch} answer as written`, () => {
    const next = random(arch.length);
    for (let round = 0; round < 1000; round++) {
      const policy = randomPolicy(next, arch);
      const program = compileSeccomp(policy, arch);
      for (let probe = 0; probe < 40; probe++) check(policy, arch, program, randomNumber(next), randomArgs(next));
    }
  });
}

function randomNumber(next: () => number): number {
  return next() % 8 === 0 ? next() : next() % 520;
}

/** Few different halves, so that equal ones meet. */
function randomValue(next: () => number): bigint {
  const halves = [0n, 1n, 2n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn];
  return (halves[next() % halves.length]! << 32n) | halves[next() % halves.length]!;
}

function randomArgs(next: () => number): bigint[] {
  return NO_ARGS.map(() => randomValue(next));
}

function pick<T>(next: () => number, values: readonly T[]): T {
  return values[next() % values.length]!;
}

const ACTIONS: readonly SeccompAction[] = [ALLOW, REFUSE, UNKNOWN, { kind: 'kill' }, { kind: 'log' }, { kind: 'trap' }];
const OPS: readonly SeccompTest['op'][] = ['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'masked-eq'];

function randomTest(next: () => number): SeccompTest {
  const bare = { arg: (next() % 6) as SeccompTest['arg'], op: pick(next, OPS), value: randomValue(next) };
  return next() % 2 === 0 ? bare : { ...bare, mask: randomValue(next) };
}

function randomRule(next: () => number): SeccompRule {
  const action = pick(next, ACTIONS);
  if (next() % 3 > 0) return { action };
  const list = <T>(make: () => T, most: number): T[] => Array.from({ length: next() % (most + 1) }, make);
  return { action, when: list(() => ({ tests: list(() => randomTest(next), 3), action: pick(next, ACTIONS) }), 4) };
}

/** Every so often a rule for every call, each different, which takes jumps longer than 255. */
function randomPolicy(next: () => number, arch: Arch): SeccompPolicy {
  const names = Object.keys(SYSCALLS[arch]);
  const rules = new Map<string, SeccompRule>();
  const count = next() % 10 === 0 ? names.length : 1 + (next() % 40);
  for (let index = 0; index < count; index++)
    rules.set(count === names.length ? names[index]! : pick(next, names), randomRule(next));
  return { defaultAction: pick(next, ACTIONS), rules };
}

const program = compileSeccomp(defaultPolicy(DEFAULT_CAPABILITIES), 'x86_64');
const call = (name: string, ...args: bigint[]): number =>
  runFilter(program, { nr: SYSCALLS.x86_64[name]!, arch: AUDIT_ARCH.x86_64, args });

test('a family with dirt in the upper half of its register is still refused', () => {
  assert.equal(call('socket', 2n), answer(ALLOW));
  assert.equal(call('socket', 38n), answer(REFUSE));
  assert.equal(call('socket', (1n << 32n) | 38n), answer(REFUSE));
  assert.equal(call('socket', 40n), answer(REFUSE));
  assert.equal(call('socket', 0xffff_ffff_0000_0028n), answer(REFUSE));
});

test('clone makes threads and processes but no namespaces', () => {
  assert.equal(call('clone', 0x3d_0f00n), answer(ALLOW));
  for (const flag of [0x2_0000n, 0x200_0000n, 0x400_0000n, 0x800_0000n, 0x1000_0000n, 0x2000_0000n, 0x4000_0000n]) {
    assert.equal(call('clone', flag | 17n), answer(REFUSE));
  }
  assert.equal(call('clone3'), answer(UNKNOWN));
  assert.equal(call('unshare'), answer(REFUSE));
});

test('personality takes only the five harmless values', () => {
  for (const persona of [0n, 8n, 0x2_0000n, 0x2_0008n, 0xffff_ffffn, 0xffff_ffff_ffff_ffffn]) {
    assert.equal(call('personality', persona), answer(ALLOW));
  }
  for (const persona of [0x40_0000n, 1n, 0x4_0000n]) assert.equal(call('personality', persona), answer(REFUSE));
});

test('a policy that allows everything is no program', () => {
  assert.equal(compileSeccomp({ defaultAction: ALLOW, rules: new Map() }, 'x86_64').byteLength, 0);
});

/** What the kernel's own look ahead finds, kernel/seccomp.c: an answer that depends on the number and architecture alone. */
function constantAnswer(program: Uint8Array, nr: number, arch: number): number | undefined {
  const code = decodeClassic(program);
  let accumulator = 0;
  for (let pc = 0; pc < code.length; pc++) {
    const { code: op, jt, jf, k } = code[pc]!;
    if (op === BPF_RET_K) return k;
    if (op === BPF_LD_W_ABS && k === 0) accumulator = nr;
    else if (op === BPF_LD_W_ABS && k === 4) accumulator = arch;
    else if (op === BPF_JMP_JEQ_K) pc += accumulator === k ? jt : jf;
    else if (op === BPF_JMP_JGT_K) pc += accumulator > k ? jt : jf;
    else if (op === BPF_JMP_JGE_K) pc += accumulator >= k ? jt : jf;
    else return undefined;
  }
  throw new Error('the program runs off its end');
}

test('every call that is allowed without a test is one the kernel needs to ask the filter for once only', () => {
  const policy = defaultPolicy(DEFAULT_CAPABILITIES);
  for (const arch of ARCHES) {
    const program = compileSeccomp(policy, arch);
    const plain = Object.entries(SYSCALLS[arch]).filter(([name]) => {
      const rule = policy.rules.get(name);
      return rule?.action.kind === 'allow' && !rule.when;
    });
    assert.ok(plain.length > 250);
    const asked = plain.filter(([, nr]) => constantAnswer(program, nr, AUDIT_ARCH[arch]) !== answer(ALLOW));
    assert.deepEqual(asked, []);
  }
});
