import { ERRNO } from '../linux/errno.ts';
import { type Arch, findSyscall } from '../linux/syscall-numbers.ts';
import { type Bindings, renderText } from './bindings.ts';
import { type DataSection, hasSymbols, layOutData } from './data-section.ts';
import {
  ARG_KINDS,
  AUDIT_ARCH,
  CONDITIONS,
  LIMITS,
  MAGIC,
  NO_REG,
  OP_HAND_OVER,
  PURPOSES,
  SIZES,
  VERSION,
} from './format.ts';
import { flagsOf, probeWords, supervisionWords } from './encode-app.ts';
import { type Arg, type DataRef, type Op, type Program, type Tape, type Text } from './program.ts';
import { PSEUDO_CALLS } from './pseudo-calls.ts';
import type { Span } from './program.ts';
import { bindTemplate, type Template, type TextPlace } from './template.ts';

/** Encodes a program with its symbols bound, as the bytes that stage1 plays. */
export function encodeProgram(program: Program, arch: Arch, bindings: Bindings = {}): Uint8Array {
  return bindTemplate(encodeTemplate(program, arch), bindings);
}

/** Linker and encoder: produces all of the tape except what differs from one start to the next. */
export function encodeTemplate(program: Program, arch: Arch): Template {
  return new Encoder(program, arch).encode();
}

class Encoder {
  readonly #program: Program;
  readonly #arch: Arch;
  readonly #data: DataSection;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #at: {
    tapes: number;
    ops: number;
    relocs: number;
    apps: number;
    deps: number;
    probes: number;
    data: number;
  };
  readonly #opsCount: number;
  readonly #depsCount: number;
  readonly #probesCount: number;
  readonly #pointers: TextPlace[] = [];
  readonly #relocs: TextPlace[] = [];
  readonly #lengths: [number, Text][] = [];
  readonly #symbols: [number, string, number][] = [];

  constructor(program: Program, arch: Arch) {
    this.#program = program;
    this.#arch = arch;
    this.#data = layOutData(program);
    this.#opsCount = program.tapes.reduce((sum, tape) => sum + tape.ops.length, 0);
    this.#depsCount = program.apps.reduce((sum, app) => sum + app.dependsOn.length, 0);
    this.#probesCount = program.apps.reduce((sum, app) => sum + (app.probes?.length ?? 0), 0);
    const tapes = SIZES.header;
    const ops = tapes + program.tapes.length * SIZES.tape;
    const relocs = ops + this.#opsCount * SIZES.op;
    const apps = relocs + this.#data.pointers.length * SIZES.reloc;
    const deps = apps + program.apps.length * SIZES.app;
    const probes = deps + this.#depsCount * SIZES.dep;
    const data = probes + this.#probesCount * SIZES.probe;
    this.#at = { tapes, ops, relocs, apps, deps, probes, data };
    this.#bytes = new Uint8Array(data + this.#data.bytes.length);
    this.#view = new DataView(this.#bytes.buffer);
  }

  encode(): Template {
    this.#header();
    let firstOp = 0;
    this.#program.tapes.forEach((tape, i) => {
      this.#tape(tape, i, firstOp);
      for (const op of tape.ops) this.#op(op, this.#at.ops + SIZES.op * firstOp++);
    });
    this.#data.pointers.forEach(([at, target], i) => this.#reloc(at, target, this.#at.relocs + SIZES.reloc * i));
    this.#apps();
    this.#bytes.set(this.#data.bytes, this.#at.data);
    for (const [at, { name, size }] of this.#data.symbols) this.#symbols.push([this.#at.data + at, name, size]);
    return {
      bytes: this.#bytes,
      dataAt: this.#at.data,
      texts: this.#data.texts,
      pointers: this.#pointers,
      relocs: this.#relocs,
      lengths: this.#lengths,
      symbols: this.#symbols,
    };
  }

  #words(at: number, words: readonly number[]): void {
    words.forEach((word, i) => {
      this.#view.setUint32(at + 4 * i, word >>> 0, true);
    });
  }

  /** The total size and the size of the data section are written when the texts are bound. */
  #header(): void {
    const program = this.#program;
    const at = this.#at;
    const registers = Math.max(...[...program.registers.values()].map((reg) => reg.index)) + 1;
    if (registers > LIMITS.registers)
      throw new Error(`the tape needs ${registers} registers, at most ${LIMITS.registers}`);
    this.#bytes.set(Buffer.from(MAGIC));
    this.#words(8, [VERSION, AUDIT_ARCH[this.#arch], 0, Math.max(registers, 16)]);
    this.#words(24, [at.tapes, program.tapes.length, at.ops, this.#opsCount, at.relocs, this.#data.pointers.length]);
    this.#words(48, [at.apps, program.apps.length, at.deps, this.#depsCount, at.data, 0]);
    this.#words(72, [at.probes, this.#probesCount]);
  }

  #tape(tape: Tape, index: number, firstOp: number): void {
    const at = this.#at.tapes + SIZES.tape * index;
    const { purpose, cgroup, cloneFlags } = tape.options;
    this.#words(at, [PURPOSES.indexOf(purpose), firstOp, tape.ops.length, cgroup ? cgroup.index : -1]);
    this.#view.setBigUint64(at + 16, cloneFlags ?? 0n, true);
  }

  #reloc(pointerAt: number, target: DataRef, at: number): void {
    const place = this.#data.places[target.item]!;
    if ('text' in place) this.#relocs.push([at + 4, place.text, target.offset]);
    this.#words(at, [pointerAt, 'text' in place ? 0 : place.offset + target.offset]);
  }

  #op(op: Op, at: number): void {
    const nr = PSEUDO_CALLS[op.call as keyof typeof PSEUDO_CALLS] ?? findSyscall(this.#arch, op.call);
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

  /** Writes the argument's value, or records what is to be bound there. Returns the argument's kind. */
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
        this.#pointer(arg, at);
        return ARG_KINDS.data;
      case 'length':
        if (hasSymbols(arg.text)) this.#lengths.push([at, arg.text]);
        else this.#number(Buffer.byteLength(renderText(arg.text, {})), at);
        return ARG_KINDS.immediate;
      case 'sym':
        this.#symbols.push([at, arg.name, Math.min(arg.size, 8)]);
        return ARG_KINDS.immediate;
    }
  }

  #pointer({ item, offset }: DataRef, at: number): void {
    const place = this.#data.places[item]!;
    if ('text' in place) this.#pointers.push([at, place.text, offset]);
    else this.#number(place.offset + offset, at);
  }

  /** Writes a 64-bit integer without a BigInt, which would take most of an encoder's time. */
  #number(value: number, at: number): void {
    this.#view.setInt32(at, value | 0, true);
    this.#view.setInt32(at + 4, Math.floor(value / 0x100000000), true);
  }

  #indexOf(tape: Tape | undefined): number {
    return tape ? this.#program.tapes.indexOf(tape) : -1;
  }

  #span(span: Span | undefined): readonly [number, number] {
    if (!span) return [0, 0];
    const place = this.#data.places[span.data.item]!;
    if ('text' in place) throw new Error('a probe cannot use data that is bound at the start');
    return [place.offset + span.data.offset, span.length];
  }

  #apps(): void {
    const indexOf = (tape: Tape | undefined): number => this.#indexOf(tape);
    let firstDep = 0;
    let firstProbe = 0;
    this.#program.apps.forEach((app, i) => {
      const at = this.#at.apps + SIZES.app * i;
      const name = this.#data.places[this.#program.text(app.name).item]! as { offset: number };
      const length = Buffer.byteLength(app.name);
      this.#words(at, [name.offset, length, indexOf(app.start), indexOf(app.before), indexOf(app.after)]);
      this.#words(at + 20, [app.stopSignal, app.graceMs, app.logBytes, app.logFiles, firstDep, app.dependsOn.length]);
      this.#words(at + 44, [app.kill ? app.kill.index : -1, app.oom ? app.oom.index : -1]);
      this.#words(at + 52, [...supervisionWords(app, indexOf), firstProbe, app.probes?.length ?? 0, flagsOf(app)]);
      this.#words(at + 116, [app.procs ? app.procs.index : -1]);
      for (const dep of app.dependsOn) {
        this.#words(this.#at.deps + SIZES.dep * firstDep++, [dep.app, CONDITIONS.indexOf(dep.condition)]);
      }
      for (const probe of app.probes ?? []) {
        const words = probeWords(i, probe, indexOf, (span) => this.#span(span));
        this.#words(this.#at.probes + SIZES.probe * firstProbe++, words);
      }
    });
  }
}
