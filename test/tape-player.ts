// Plays a tape in this process, through koffi: what stage1 does in C, for tests of the parts that build tapes.

import { ERRNO } from '../stages/linux/errno.ts';
import { addressOf, trySyscall } from '../stages/linux/syscall.ts';
import { type Bindings, symbolBytes } from '../stages/tape/bindings.ts';
import type { Arg, DataItem, DataRef, Op, Program, Sym, Tape, Text } from '../stages/tape/program.ts';

/** An op that failed with an errno it does not tolerate. */
export class TapeFault extends Error {
  readonly op: Op;
  readonly errno: number;

  constructor(op: Op, errno: number) {
    super(`${op.call} failed with errno ${errno} while trying to ${op.why ?? 'do its work'}`);
    this.op = op;
    this.errno = errno;
  }
}

/** One program's registers and data; they last from one tape to the next. */
export class TapePlayer {
  readonly registers: Map<number, bigint> = new Map();
  readonly #program: Program;
  readonly #bindings: Bindings;
  readonly #data = new Map<number, Buffer>();

  constructor(program: Program, bindings: Bindings = {}) {
    this.#program = program;
    this.#bindings = bindings;
  }

  /** The register's value as a descriptor. */
  fd(register: { readonly index: number }): number {
    return Number(this.registers.get(register.index) ?? -1n);
  }

  play(tape: Tape): void {
    for (const op of tape.ops) {
      const result = this.#step(op);
      if (result < 0 && !op.tolerate?.some((name) => ERRNO[name] === -result)) throw new TapeFault(op, -result);
      if (op.out) this.registers.set(op.out.index, BigInt(result));
    }
  }

  #step(op: Op): number {
    const args = op.args.map((arg) => this.#value(arg));
    if (!op.call.startsWith('tape.')) return trySyscall(op.call, ...args);
    const at = this.#bytesAt(op.args[0] as DataRef);
    switch (op.call) {
      case 'tape.store32':
        at.writeInt32LE(Number(BigInt.asIntN(32, args[1]!)));
        return 0;
      case 'tape.store64':
        at.writeBigInt64LE(BigInt.asIntN(64, args[1]!));
        return 0;
      case 'tape.check32':
        return Math.min(0, at.readInt32LE());
      case 'tape.equal': {
        const length = Number(args[2]!);
        const other = this.#bytesAt(op.args[1] as DataRef);
        return at.subarray(0, length).equals(other.subarray(0, length)) ? 0 : -ERRNO.ESTALE;
      }
      default:
        throw new Error(`the machine has no call "${op.call}"`);
    }
  }

  #value(arg: Arg): bigint {
    if (typeof arg === 'number' || typeof arg === 'bigint') return BigInt(arg);
    if (arg.kind === 'reg') return this.registers.get(arg.index) ?? -1n;
    if (arg.kind === 'sym') return BigInt(this.#binding(arg) as number);
    if (arg.kind === 'length') return BigInt(Buffer.byteLength(this.#text(arg.text)));
    return this.#address(arg);
  }

  #address(ref: DataRef): bigint {
    return addressOf(this.#item(ref.item)) + BigInt(ref.offset);
  }

  #bytesAt(ref: DataRef): Buffer {
    return this.#item(ref.item).subarray(ref.offset);
  }

  #item(index: number): Buffer {
    const known = this.#data.get(index);
    if (known) return known;
    const made = this.#lay(this.#program.data[index]!);
    this.#data.set(index, made);
    return made;
  }

  #lay(item: DataItem): Buffer {
    if (item.kind === 'buffer') return Buffer.alloc(item.size);
    if (item.kind === 'text') {
      return Buffer.from(`${this.#text(item.text)}\0`);
    }
    const parts = item.parts instanceof Uint8Array ? [item.parts] : item.parts;
    return Buffer.concat(parts.map((part) => (part instanceof Uint8Array ? part : this.#piece(part))));
  }

  #piece(part: Sym | DataRef): Uint8Array {
    if (part.kind === 'data') {
      const pointer = Buffer.alloc(8);
      pointer.writeBigUInt64LE(this.#address(part));
      return pointer;
    }
    this.#binding(part);
    return symbolBytes(part, this.#bindings);
  }

  #text(text: Text): string {
    const parts = typeof text === 'string' ? [text] : text;
    return parts.map((part) => (typeof part === 'string' ? part : this.#binding(part))).join('');
  }

  #binding(symbol: Sym): string | number | bigint | Uint8Array {
    const value = this.#bindings[symbol.name];
    if (value === undefined) throw new Error(`symbol "${symbol.name}" is not bound`);
    return value;
  }
}
