import {
  BPF_ALU_AND_K,
  BPF_JMP_JEQ_K,
  BPF_JMP_JGE_K,
  BPF_JMP_JGT_K,
  BPF_LD_W_ABS,
  type ClassicAssembler,
  type Label,
} from '../../linux/classic-bpf.ts';
import * as scmp from '../../linux/seccomp.ts';
import type { SeccompAction, SeccompRule, SeccompTest } from './isolator.ts';

interface Half {
  readonly at: number;
  readonly value: number;
  readonly mask: number;
}

/** A comparison, and what the accumulator has to hold for it. It is loaded once somebody comes with another value. */
interface Comparison {
  readonly of: Omit<Half, 'value'>;
  readonly label: Label;
  loaded?: Label;
}

type Target = Label | Comparison;

/** Rules as instructions, each rule once. They end in answers, so that they may leave the number they replace in the accumulator. */
export class RuleCompiler {
  readonly #program: ClassicAssembler;
  readonly #rules = new Map<SeccompRule, Label>();

  constructor(program: ClassicAssembler) {
    this.#program = program;
  }

  compile(rule: SeccompRule): Label {
    const known = this.#rules.get(rule);
    if (known !== undefined) return known;
    let next: Target = this.#program.ret(returnValue(rule.action));
    if (!rule.when) return next;
    for (const { tests, action } of rule.when.toReversed()) {
      let matched: Target = this.#program.ret(returnValue(action));
      for (const test of tests.toReversed()) matched = this.#compileTest(test, matched, next);
      next = matched;
    }
    const label = this.#load(next);
    this.#rules.set(rule, label);
    return label;
  }

  /** A 64-bit comparison on a 32-bit machine: the upper halves decide unless they are equal. */
  #compileTest(test: SeccompTest, yes: Target, no: Target): Target {
    const mask = test.mask ?? 0xffff_ffff_ffff_ffffn;
    const at = scmp.SECCOMP_DATA_ARGS + 8 * test.arg;
    const value = { low: Number(test.value & 0xffff_ffffn), high: Number(test.value >> 32n) };
    const masks = { low: Number(mask & 0xffff_ffffn), high: Number(mask >> 32n) };
    const low = this.#compileLowHalf(test, { at, value: value.low, mask: masks.low }, yes, no);
    if (masks.high === 0 && value.high === 0) return low;
    const high: Half = { at: at + 4, value: value.high, mask: masks.high };
    const [less, more] = outcomes(test, yes, no);
    const notEqual = less === more ? less : this.#compare(BPF_JMP_JGT_K, high, more, less);
    return this.#compare(BPF_JMP_JEQ_K, high, low, notEqual);
  }

  #compileLowHalf(test: SeccompTest, half: Half, yes: Target, no: Target): Comparison {
    const branch = (code: number, matched: Target, other: Target): Comparison =>
      this.#compare(code, half, matched, other);
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

  #compare(code: number, half: Half, yes: Target, no: Target): Comparison {
    const [onYes, onNo] = [this.#after(half, yes), this.#after(half, no)];
    return { of: half, label: this.#program.branch(code, half.value, onYes, onNo) };
  }

  /** Where to go when the accumulator holds this half already. */
  #after({ at, mask }: Half, target: Target): Label {
    const isHeld = typeof target === 'object' && target.of.at === at && target.of.mask === mask;
    return isHeld ? target.label : this.#load(target);
  }

  #load(target: Target): Label {
    if (typeof target === 'number') return target;
    const { at, mask } = target.of;
    const masked = mask === 0xffff_ffff ? target.label : this.#program.before(target.label, BPF_ALU_AND_K, mask);
    return (target.loaded ??= this.#program.before(masked, BPF_LD_W_ABS, at));
  }
}

/** Where a smaller and a larger upper half lead. */
function outcomes(test: SeccompTest, yes: Target, no: Target): readonly [Target, Target] {
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

export function returnValue(action: SeccompAction): number {
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
