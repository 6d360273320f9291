// Classic BPF as seccomp(2) takes it: linux/filter.h, linux/bpf_common.h

export const BPF_LD_W_ABS = 0x20;
export const BPF_ALU_AND_K = 0x54;
const BPF_JMP_JA = 0x05;
export const BPF_JMP_JEQ_K = 0x15;
export const BPF_JMP_JGT_K = 0x25;
export const BPF_JMP_JGE_K = 0x35;
export const BPF_RET_K = 0x06;

/** struct sock_filter. */
export interface ClassicInstruction {
  readonly code: number;
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}

export const SOCK_FILTER_BYTES = 8;
/** The longest program that the kernel accepts (BPF_MAXINSNS). */
const MAX_CLASSIC_INSTRUCTIONS = 4096;

/** The farthest a conditional jump reaches: its offsets have 8 bits. */
const REACH = 255;

/** An instruction that exists already, as its index from the program's end. */
export type Label = number;

/**
 * Builds a program from its end to its start. Classic BPF only jumps forward, so every target exists when a jump to it is made, and
 * its distance is known. A target out of reach of a conditional jump gets an unconditional jump nearby.
 */
export class ClassicAssembler {
  /** Last instruction first. */
  readonly #code: ClassicInstruction[] = [];
  readonly #returns = new Map<number, Label>();

  /** `return k`; an equal one within reach of the next few instructions is shared. */
  ret(k: number): Label {
    const known = this.#returns.get(k);
    if (known !== undefined && this.#code.length - known < REACH - 2) return known;
    const made = this.#add({ code: BPF_RET_K, jt: 0, jf: 0, k });
    this.#returns.set(k, made);
    return made;
  }

  /** An instruction that falls through to `next`. */
  before(next: Label, code: number, k: number): Label {
    if (next !== this.#code.length - 1) this.#add({ code: BPF_JMP_JA, jt: 0, jf: 0, k: this.#distance(next) });
    return this.#add({ code, jt: 0, jf: 0, k });
  }

  /** Jumps to `yes` when the test of the accumulator against `k` holds, else to `no`. */
  branch(code: number, k: number, yes: Label, no: Label): Label {
    let onYes = this.#near(yes);
    const onNo = this.#near(no);
    // The extra jump for `no` may have pushed `yes` out of reach.
    onYes = this.#near(onYes);
    return this.#add({ code, jt: this.#distance(onYes), jf: this.#distance(onNo), k });
  }

  /** The program, first instruction first. */
  finish(): Uint8Array {
    if (this.#code.length > MAX_CLASSIC_INSTRUCTIONS) throw new Error(`filter of ${this.#code.length} instructions`);
    return encodeClassic(this.#code.toReversed());
  }

  /** A label equivalent to `target` that the next three instructions can reach. */
  #near(target: Label): Label {
    if (this.#distance(target) <= REACH - 2) return target;
    const { code, k } = this.#code[target]!;
    if (code === BPF_RET_K) return this.ret(k);
    return this.#add({ code: BPF_JMP_JA, jt: 0, jf: 0, k: this.#distance(target) });
  }

  /** The number of instructions to skip from one added now to `target`. */
  #distance(target: Label): number {
    return this.#code.length - target - 1;
  }

  #add(instruction: ClassicInstruction): Label {
    this.#code.push(instruction);
    return this.#code.length - 1;
  }
}

/** An array of struct sock_filter, little-endian. */
function encodeClassic(program: readonly ClassicInstruction[]): Uint8Array {
  const bytes = new Uint8Array(program.length * SOCK_FILTER_BYTES);
  const view = new DataView(bytes.buffer);
  for (const [index, { code, jt, jf, k }] of program.entries()) {
    const at = index * SOCK_FILTER_BYTES;
    view.setUint16(at, code, true);
    view.setUint8(at + 2, jt);
    view.setUint8(at + 3, jf);
    view.setUint32(at + 4, k, true);
  }
  return bytes;
}
