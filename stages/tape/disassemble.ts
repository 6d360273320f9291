import { type Bindings, renderText, symbolBytes } from './bindings.ts';
import type { Arg, DataItem, Op, Program, Tape, Text } from './program.ts';

/** One op in readable form: the call as strace(1) would print it, its purpose, and the manifest line that asked for it. */
export interface OpLine {
  readonly purpose: string;
  readonly app?: string;
  readonly call: string;
  readonly why?: string;
  readonly at?: string;
}

const MAX_SHOWN_BYTES = 32;

function quote(text: string): string {
  return JSON.stringify(text.length > 120 ? `${text.slice(0, 117)}...` : text);
}

function describeBytes(item: Extract<DataItem, { kind: 'bytes' }>, bindings: Bindings): string {
  const parts = item.parts instanceof Uint8Array ? [item.parts] : item.parts;
  if (parts.every((part) => !(part instanceof Uint8Array) && part.kind === 'data')) return '[…]';
  const hex = parts.map((part) => {
    if (part instanceof Uint8Array) return Buffer.from(part).toString('hex');
    if (part.kind === 'data') return '<pointer>';
    return bindings[part.name] === undefined
      ? `<${part.name}>`
      : Buffer.from(symbolBytes(part, bindings)).toString('hex');
  });
  const all = hex.join('');
  return `{${all.length > 2 * MAX_SHOWN_BYTES ? `${all.slice(0, 2 * MAX_SHOWN_BYTES)}…` : all}}`;
}

function describePointers(program: Program, item: DataItem, bindings: Bindings): string | undefined {
  if (item.kind !== 'bytes' || item.parts instanceof Uint8Array) return undefined;
  const strings: string[] = [];
  for (const part of item.parts) {
    // Zeroes are the NULL at the end of an argv; any other bytes make it a struct, which is shown whole.
    if (part instanceof Uint8Array && part.every((byte) => byte === 0)) continue;
    if (part instanceof Uint8Array || part.kind !== 'data') return undefined;
    const target = program.data[part.item]!;
    if (target.kind !== 'text') return undefined;
    strings.push(quote(renderText(target.text, bindings)));
  }
  return strings.length > 0 ? `[${strings.join(', ')}]` : undefined;
}

/** Prints a number only when every symbol in the text is bound. */
function describeLength(text: Text, bindings: Bindings): string {
  const isBound = typeof text === 'string' || text.every((part) => typeof part === 'string' || part.name in bindings);
  return isBound ? String(Buffer.byteLength(renderText(text, bindings))) : 'length';
}

function describeArg(program: Program, arg: Arg, bindings: Bindings): string {
  if (typeof arg === 'number') return arg === -100 ? 'AT_FDCWD' : arg > 0xffff ? `0x${arg.toString(16)}` : String(arg);
  if (typeof arg === 'bigint') return `0x${arg.toString(16)}`;
  if (arg.kind === 'reg') return `%${arg.name}`;
  if (arg.kind === 'sym') return bindings[arg.name] === undefined ? `$${arg.name}` : String(bindings[arg.name]);
  if (arg.kind === 'length') return describeLength(arg.text, bindings);
  const item = program.data[arg.item]!;
  const suffix = arg.offset ? `+${arg.offset}` : '';
  if (item.kind === 'text') return quote(renderText(item.text, bindings)) + suffix;
  if (item.kind === 'buffer') return `<${item.size} bytes>${suffix}`;
  return (describePointers(program, item, bindings) ?? describeBytes(item, bindings)) + suffix;
}

/** `mkdirat(AT_FDCWD, "/x", 493) = %fd, tolerating EEXIST` */
export function describeCall(program: Program, op: Op, bindings: Bindings = {}): string {
  const args = op.args.map((arg) => describeArg(program, arg, bindings)).join(', ');
  const out = op.out ? ` = %${op.out.name}` : '';
  const tolerate = op.tolerate?.length ? ` (${op.tolerate.join(', ')} allowed)` : '';
  return `${op.call}(${args})${out}${tolerate}`;
}

function describeOp(program: Program, tape: Tape, op: Op, bindings: Bindings): OpLine {
  return {
    purpose: tape.options.purpose,
    ...(tape.options.app === undefined ? {} : { app: tape.options.app }),
    call: describeCall(program, op, bindings),
    ...(op.why === undefined ? {} : { why: op.why }),
    ...(op.at === undefined ? {} : { at: `${op.at.file}:${op.at.line}:${op.at.col}` }),
  };
}

/** Every op of every tape, in storage order. That is also the order of execution, except for apps, which start in parallel. */
export function disassemble(program: Program, bindings: Bindings = {}): OpLine[] {
  return program.tapes.flatMap((tape) => tape.ops.map((op) => describeOp(program, tape, op, bindings)));
}
