import { ERRNO } from '../linux/errno.ts';
import { type Arch, SYSCALLS } from '../linux/syscall-numbers.ts';
import { type Bindings, type DataSection, layOutData, renderText, symbolBytes } from './data-section.ts';
import { ARG_KINDS, AUDIT_ARCH, LIMITS, MAGIC, NO_REG, OP_HAND_OVER, PURPOSES, SIZES, VERSION } from './format.ts';
import { type Arg, type Op, type Program, PSEUDO_CALLS, type Tape } from './program.ts';

/** Linker and encoder: a program with its symbols bound, as bytes that stage1 plays. */
export function encodeProgram(program: Program, arch: Arch, bindings: Bindings = {}): Uint8Array {
  return new Encoder(program, arch, bindings).encode();
}

class Encoder {
  readonly #program: Program;
  readonly #arch: Arch;
  readonly #bindings: Bindings;
  readonly #data: DataSection;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #at: { tapes: number; ops: number; relocs: number; apps: number; deps: number; data: number; size: number };
  readonly #opsCount: number;
  readonly #depsCount: number;

  constructor(program: Program, arch: Arch, bindings: Bindings) {
    this.#program = program;
    this.#arch = arch;
    this.#bindings = bindings;
    this.#data = layOutData(program, bindings);
    this.#opsCount = program.tapes.reduce((sum, tape) => sum + tape.ops.length, 0);
    this.#depsCount = program.apps.reduce((sum, app) => sum + app.dependsOn.length, 0);
    const tapes = SIZES.header;
    const ops = tapes + program.tapes.length * SIZES.tape;
    const relocs = ops + this.#opsCount * SIZES.op;
    const apps = relocs + this.#data.relocs.length * SIZES.reloc;
    const deps = apps + program.apps.length * SIZES.app;
    const data = deps + this.#depsCount * SIZES.dep;
    this.#at = { tapes, ops, relocs, apps, deps, data, size: data + this.#data.bytes.length };
    if (this.#at.size > LIMITS.tapeBytes)
      throw new Error(`the tape has ${this.#at.size} bytes, at most ${LIMITS.tapeBytes}`);
    this.#bytes = new Uint8Array(this.#at.size);
    this.#view = new DataView(this.#bytes.buffer);
  }

  encode(): Uint8Array {
    this.#header();
    let firstOp = 0;
    this.#program.tapes.forEach((tape, i) => {
      this.#tape(tape, i, firstOp);
      for (const op of tape.ops) this.#op(op, this.#at.ops + SIZES.op * firstOp++);
    });
    this.#data.relocs.forEach(([at, target], i) => {
      this.#words(this.#at.relocs + SIZES.reloc * i, [at, target]);
    });
    this.#apps();
    this.#bytes.set(this.#data.bytes, this.#at.data);
    return this.#bytes;
  }

  #words(at: number, words: readonly number[]): void {
    words.forEach((word, i) => {
      this.#view.setUint32(at + 4 * i, word >>> 0, true);
    });
  }

  #header(): void {
    const program = this.#program;
    const at = this.#at;
    const registers = Math.max(...[...program.registers.values()].map((reg) => reg.index)) + 1;
    if (registers > LIMITS.registers)
      throw new Error(`the tape needs ${registers} registers, at most ${LIMITS.registers}`);
    this.#bytes.set(Buffer.from(MAGIC));
    this.#words(8, [VERSION, AUDIT_ARCH[this.#arch], at.size, Math.max(registers, 16)]);
    this.#words(24, [at.tapes, program.tapes.length, at.ops, this.#opsCount, at.relocs, this.#data.relocs.length]);
    this.#words(48, [at.apps, program.apps.length, at.deps, this.#depsCount, at.data, this.#data.bytes.length]);
  }

  #tape(tape: Tape, index: number, firstOp: number): void {
    const at = this.#at.tapes + SIZES.tape * index;
    const { purpose, cgroup, cloneFlags } = tape.options;
    this.#words(at, [PURPOSES.indexOf(purpose), firstOp, tape.ops.length, cgroup ? cgroup.index : -1]);
    this.#view.setBigUint64(at + 16, cloneFlags ?? 0n, true);
  }

  #op(op: Op, at: number): void {
    const nr = PSEUDO_CALLS[op.call as keyof typeof PSEUDO_CALLS] ?? SYSCALLS[this.#arch][op.call];
    if (nr === undefined) throw new Error(`no system call "${op.call}" on ${this.#arch}`);
    const tolerate = op.tolerate ?? [];
    if (tolerate.length > LIMITS.tolerated)
      throw new Error(`${op.call} tolerates ${tolerate.length} errnos, at most 4`);
    let kinds = 0;
    op.args.forEach((arg, i) => {
      kinds |= this.#arg(arg, at + 16 + 8 * i) << (2 * i);
    });
    this.#view.setUint16(at, nr, true);
    this.#view.setUint16(at + 2, kinds, true);
    this.#view.setUint16(at + 4, op.out ? op.out.index : NO_REG, true);
    this.#bytes[at + 6] = tolerate.length;
    this.#bytes[at + 7] = op.handOver ? OP_HAND_OVER : 0;
    tolerate.forEach((name, i) => {
      this.#view.setUint16(at + 8 + 2 * i, ERRNO[name], true);
    });
  }

  /** Writes the argument's value; the result is its kind. */
  #arg(arg: Arg, at: number): number {
    if (typeof arg === 'number') {
      this.#number(arg, at);
      return ARG_KINDS.immediate;
    }
    if (typeof arg === 'bigint') {
      this.#view.setBigUint64(at, BigInt.asUintN(64, arg), true);
      return ARG_KINDS.immediate;
    }
    switch (arg.kind) {
      case 'reg':
        this.#number(arg.index, at);
        return ARG_KINDS.register;
      case 'data':
        this.#number(this.#data.offsets[arg.item]! + arg.offset, at);
        return ARG_KINDS.data;
      case 'length':
        this.#number(Buffer.byteLength(renderText(arg.text, this.#bindings)), at);
        return ARG_KINDS.immediate;
      case 'sym':
        this.#bytes.set(symbolBytes(arg, this.#bindings).subarray(0, 8), at);
        return ARG_KINDS.immediate;
    }
  }

  /** A 64-bit integer without the detour over a BigInt, which would be most of an encoder's time. */
  #number(value: number, at: number): void {
    this.#view.setInt32(at, value | 0, true);
    this.#view.setInt32(at + 4, Math.floor(value / 0x100000000), true);
  }

  #apps(): void {
    const { apps, tapes } = this.#program;
    let firstDep = 0;
    apps.forEach((app, i) => {
      const name = this.#data.offsets[this.#program.text(app.name).item]!;
      const indexOf = (tape: Tape | undefined): number => (tape ? tapes.indexOf(tape) : -1);
      const at = this.#at.apps + SIZES.app * i;
      this.#words(at, [name, Buffer.byteLength(app.name), indexOf(app.start), indexOf(app.before), indexOf(app.after)]);
      this.#words(at + 20, [app.stopSignal, app.graceMs, app.logBytes, app.logFiles, firstDep, app.dependsOn.length]);
      this.#words(at + 44, [app.kill ? app.kill.index : -1, app.oom ? app.oom.index : -1]);
      for (const dep of app.dependsOn) {
        this.#words(this.#at.deps + SIZES.dep * firstDep++, [dep.app, dep.condition === 'completed' ? 1 : 0]);
      }
    });
  }
}
