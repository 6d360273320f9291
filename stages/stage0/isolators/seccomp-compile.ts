import {
  BPF_ALU_AND_K,
  BPF_JMP_JEQ_K,
  BPF_JMP_JGE_K,
  BPF_JMP_JGT_K,
  BPF_LD_W_ABS,
  ClassicAssembler,
  type Label,
} from '../../linux/classic-bpf.ts';
import * as scmp from '../../linux/seccomp.ts';
import { type Arch, SYSCALLS } from '../../linux/syscall-numbers.ts';
import type { SeccompAction, SeccompPolicy, SeccompRule, SeccompTest } from './isolator.ts';

/** Numbers from `start` up to the next range's start get the same answer. */
interface Range {
  readonly start: number;
  readonly rule: SeccompRule;
}

const KILL: SeccompRule = { action: { kind: 'kill' } };

/**
 * A policy as an array of struct sock_filter: a binary search over ranges of system call numbers. Empty when nothing is
 * filtered. Calls of another architecture end the process, and on x86_64 those of the x32 ABI.
 *
 * The search compares numbers only, so the kernel can work out ahead of time which calls are always allowed (its cache since
 * Linux 5.11) and runs the program for the others alone.
 */
export function compileSeccomp(policy: SeccompPolicy, arch: Arch): Uint8Array {
  if (policy.defaultAction.kind === 'allow' && policy.rules.size === 0) return new Uint8Array(0);
  const program = new ClassicAssembler();
  const search = compileRanges(program, splitRanges(policy, arch), new Map());
  const native = program.before(search, BPF_LD_W_ABS, scmp.SECCOMP_DATA_NR);
  const kill = program.ret(scmp.SECCOMP_RET_KILL_PROCESS);
  const checked = program.branch(BPF_JMP_JEQ_K, scmp.AUDIT_ARCH[arch], native, kill);
  program.before(checked, BPF_LD_W_ABS, scmp.SECCOMP_DATA_ARCH);
  return program.finish();
}

/** The whole space of numbers as ranges, in order; neighbours differ. The tables of numbers are in order, too. */
function splitRanges(policy: SeccompPolicy, arch: Arch): Range[] {
  const rest: SeccompRule = { action: policy.defaultAction };
  const numbers = SYSCALLS[arch];
  const ranges: Range[] = [{ start: 0, rule: rest }];
  let next = 0;
  for (const name in numbers) {
    const number = numbers[name]!;
    if (number > next) addRange(ranges, next, rest);
    addRange(ranges, number, policy.rules.get(name) ?? rest);
    next = number + 1;
  }
  addRange(ranges, next, rest);
  if (arch === 'x86_64') {
    addRange(ranges, scmp.X32_SYSCALL_BIT, KILL);
    addRange(ranges, scmp.SKIPPED_SYSCALL, rest);
  }
  return ranges;
}

function addRange(ranges: Range[], start: number, rule: SeccompRule): void {
  const last = ranges[ranges.length - 1]!;
  if (isSame(last.rule, rule)) return;
  if (last.start === start) ranges.pop();
  ranges.push({ start, rule });
}

/** Rules with tests of arguments are not looked into: that two of them do the same is rare, and costs a few instructions. */
function isSame(a: SeccompRule, b: SeccompRule): boolean {
  return a === b || (!a.when && !b.when && returnValue(a.action) === returnValue(b.action));
}

function compileRanges(
  program: ClassicAssembler,
  ranges: readonly Range[],
  rules: Map<SeccompRule, Label>,
  from = 0,
  to: number = ranges.length,
): Label {
  if (to - from === 1) return compileRule(program, ranges[from]!.rule, rules);
  const half = (from + to) >> 1;
  const upper = compileRanges(program, ranges, rules, half, to);
  const lower = compileRanges(program, ranges, rules, from, half);
  return program.branch(BPF_JMP_JGE_K, ranges[half]!.start, upper, lower);
}

/** The tests of a rule end in answers, so that they may leave the number they replace in the accumulator. */
function compileRule(program: ClassicAssembler, rule: SeccompRule, rules: Map<SeccompRule, Label>): Label {
  if (!rule.when) return program.ret(returnValue(rule.action));
  const known = rules.get(rule);
  if (known !== undefined) return known;
  let next = program.ret(returnValue(rule.action));
  for (const { tests, action } of rule.when.toReversed()) {
    let matched = program.ret(returnValue(action));
    for (const test of tests.toReversed()) matched = compileTest(program, test, matched, next);
    next = matched;
  }
  rules.set(rule, next);
  return next;
}

/** A 64-bit comparison on a 32-bit machine: the upper halves decide unless they are equal. */
function compileTest(program: ClassicAssembler, test: SeccompTest, yes: Label, no: Label): Label {
  const mask = test.mask ?? 0xffff_ffff_ffff_ffffn;
  const at = scmp.SECCOMP_DATA_ARGS + 8 * test.arg;
  const value = { low: Number(test.value & 0xffff_ffffn), high: Number(test.value >> 32n) };
  const masks = { low: Number(mask & 0xffff_ffffn), high: Number(mask >> 32n) };
  const [whenLess, whenMore] = outcomes(test, yes, no);
  const low = compileLowHalf(program, test, { at, value: value.low, mask: masks.low }, yes, no);
  if (masks.high === 0 && value.high === 0) return low;
  const notEqual = whenLess === whenMore ? whenLess : program.branch(BPF_JMP_JGT_K, value.high, whenMore, whenLess);
  return load(program, at + 4, masks.high, program.branch(BPF_JMP_JEQ_K, value.high, low, notEqual));
}

/** Where a smaller and a larger upper half lead. */
function outcomes(test: SeccompTest, yes: Label, no: Label): readonly [Label, Label] {
  switch (test.op) {
    case 'eq':
    case 'masked-eq':
      return [no, no];
    case 'ne':
      return [yes, yes];
    case 'lt':
    case 'le':
      return [yes, no];
    case 'gt':
    case 'ge':
      return [no, yes];
  }
}

interface Half {
  readonly at: number;
  readonly value: number;
  readonly mask: number;
}

function compileLowHalf(
  program: ClassicAssembler,
  test: SeccompTest,
  { at, value, mask }: Half,
  yes: Label,
  no: Label,
): Label {
  const branch = (code: number, matched: Label, other: Label): Label =>
    load(program, at, mask, program.branch(code, value, matched, other));
  switch (test.op) {
    case 'eq':
    case 'masked-eq':
      return branch(BPF_JMP_JEQ_K, yes, no);
    case 'ne':
      return branch(BPF_JMP_JEQ_K, no, yes);
    case 'gt':
      return branch(BPF_JMP_JGT_K, yes, no);
    case 'le':
      return branch(BPF_JMP_JGT_K, no, yes);
    case 'ge':
      return branch(BPF_JMP_JGE_K, yes, no);
    case 'lt':
      return branch(BPF_JMP_JGE_K, no, yes);
  }
}

function load(program: ClassicAssembler, at: number, mask: number, next: Label): Label {
  const masked = mask === 0xffff_ffff ? next : program.before(next, BPF_ALU_AND_K, mask);
  return program.before(masked, BPF_LD_W_ABS, at);
}

function returnValue(action: SeccompAction): number {
  switch (action.kind) {
    case 'allow':
      return scmp.SECCOMP_RET_ALLOW;
    case 'log':
      return scmp.SECCOMP_RET_LOG;
    case 'trap':
      return scmp.SECCOMP_RET_TRAP;
    case 'kill':
      return scmp.SECCOMP_RET_KILL_PROCESS;
    case 'errno':
      return scmp.SECCOMP_RET_ERRNO | action.errno;
  }
}
