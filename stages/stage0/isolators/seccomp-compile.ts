import { BPF_JMP_JEQ_K, BPF_JMP_JGE_K, BPF_LD_W_ABS, ClassicAssembler, type Label } from '../../linux/classic-bpf.ts';
import * as scmp from '../../linux/seccomp.ts';
import { type Arch, SYSCALLS } from '../../linux/syscall-numbers.ts';
import type { SeccompPolicy, SeccompRule } from './isolator.ts';
import { returnValue, RuleCompiler } from './seccomp-rules.ts';

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
  const search = new Search(program, splitRanges(policy, arch)).compile();
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

/** No system call has a number from here on. */
const NUMBERS = 512;

/** Single numbers that are compared one after another at the end of a search, at most. */
const MAX_EXCEPTIONS = 3;

/** A range, without single numbers in it that have another answer: one comparison each, where two would cut it out of the range. */
interface Span extends Range {
  readonly exceptions: Range[];
}

function spansOf(ranges: readonly Range[]): Span[] {
  const spans: Span[] = [];
  for (let index = 0; index < ranges.length; index++) {
    const span: Span = { ...ranges[index]!, exceptions: [] };
    spans.push(span);
    while (span.exceptions.length < MAX_EXCEPTIONS && isException(ranges, index + 1, span.rule)) {
      span.exceptions.push(ranges[index + 1]!);
      index += 2;
    }
  }
  return spans;
}

/** Whether the range at `index` is a single number between two that have the answer of `rule`. */
function isException(ranges: readonly Range[], index: number, rule: SeccompRule): boolean {
  const [range, next] = [ranges[index], ranges[index + 1]];
  return range !== undefined && next?.start === range.start + 1 && isSame(next.rule, rule);
}

class Search {
  readonly #program: ClassicAssembler;
  readonly #rules: RuleCompiler;
  readonly #spans: readonly Span[];

  constructor(program: ClassicAssembler, ranges: readonly Range[]) {
    this.#program = program;
    this.#rules = new RuleCompiler(program);
    this.#spans = spansOf(ranges);
  }

  compile(from = 0, to: number = this.#spans.length): Label {
    if (to - from === 1) return this.#compileSpan(this.#spans[from]!);
    const half = this.#middle(from, to);
    const upper = this.compile(half, to);
    const lower = this.compile(from, half);
    return this.#program.branch(BPF_JMP_JGE_K, this.#spans[half]!.start, upper, lower);
  }

  /**
   * The kernel runs the program once for each number when it is loaded: halves of as many numbers make those runs short, and wide
   * ranges are near the start of the search. Numbers that no system call has count nothing.
   */
  #middle(from: number, to: number): number {
    const target = (this.#weightBefore(from) + this.#weightBefore(to)) / 2;
    let middle = from + 1;
    while (middle + 1 < to && this.#weightBefore(middle) < target) middle++;
    const isFar = middle > from + 1 && this.#weightBefore(middle) + this.#weightBefore(middle - 1) > 2 * target;
    return isFar ? middle - 1 : middle;
  }

  #weightBefore(index: number): number {
    return index + Math.min(this.#spans[index]?.start ?? Infinity, NUMBERS);
  }

  #compileSpan({ rule, exceptions }: Span): Label {
    let next = this.#rules.compile(rule);
    for (const { start, rule: other } of exceptions)
      next = this.#program.branch(BPF_JMP_JEQ_K, start, this.#rules.compile(other), next);
    return next;
  }
}
