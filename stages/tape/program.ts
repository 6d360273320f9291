import type { ErrnoName } from '../linux/errno.ts';
import type { ProbeTimes } from './probe.ts';
import { FIRST_FREE_REGISTER, WELL_KNOWN_REGISTERS } from './registers.ts';

/** A place in a manifest, as the source map keeps it. */
export interface SourcePosition {
  readonly file: string;
  readonly line: number;
  readonly col: number;
}

/** A register of the machine that plays the tape: 64 bits, usually a descriptor. */
export interface Reg {
  readonly kind: 'reg';
  readonly index: number;
  readonly name: string;
}

/**
 * A value that differs from one start to the next (uuid, address, uid base), bound at hand-off. Plans and hashes do not
 * depend on it. In text it reads `$name` until it is bound; in binary data it is `size` zero bytes.
 */
export interface Sym {
  readonly kind: 'sym';
  readonly name: string;
  /** Bytes it takes in binary data; ignored in text. */
  readonly size: number;
}

/** The length in bytes of a text once its symbols are bound, without the NUL. */
export interface TextLength {
  readonly kind: 'length';
  readonly text: Text;
}

/** A place in the program's data section. */
export interface DataRef {
  readonly kind: 'data';
  readonly item: number;
  /** Bytes from the item's start. */
  readonly offset: number;
}

export type Arg = number | bigint | Reg | Sym | DataRef | TextLength;
/** A C string, put together from literal text and symbols. */
export type Text = string | readonly (string | Sym)[];
/** Binary data, put together from literal bytes, binary symbols and pointers to other data. */
export type Bytes = Uint8Array | readonly (Uint8Array | Sym | DataRef)[];

export type DataItem =
  | { readonly kind: 'text'; readonly text: Text }
  | { readonly kind: 'bytes'; readonly parts: Bytes; readonly align: number }
  | { readonly kind: 'buffer'; readonly size: number };

export interface OpOptions {
  /** Register that takes the result. */
  readonly out?: Reg;
  /** The monitor gives the descriptor in `out` to init, which finds it in the same register; on the tapes base, leaves and attach. */
  readonly handOver?: boolean;
  /** Failures that do not stop the tape; at most four. */
  readonly tolerate?: readonly ErrnoName[];
  /** The manifest line that asked for the call. */
  readonly at?: SourcePosition | undefined;
  /** What the call is for, in words a person reads after "while trying to": `mount "/srv/data" on "/data"`. */
  readonly why?: string;
  /** What a person can do when it fails, where that depends on what the call is for. */
  readonly hint?: string;
}

export interface Op extends OpOptions {
  /** The kernel's name, or a key of `PSEUDO_CALLS` in pseudo-calls.ts. */
  readonly call: string;
  readonly args: readonly Arg[];
}

export type Purpose =
  | 'host'
  | 'base'
  | 'attach'
  | 'tree'
  | 'pod'
  | 'before'
  | 'start'
  | 'after'
  | 'exec'
  | 'cleanup'
  | 'settle'
  | 'hook'
  | 'probe'
  | 'serve'
  | 'enter'
  | 'born'
  | 'leaves'
  | 'link'
  | 'network';

export interface TapeOptions {
  readonly purpose: Purpose;
  readonly app?: string;
  /** Flags for the clone3 that makes the process that plays it; see clone(2). */
  readonly cloneFlags?: bigint;
  /** Descriptor of a version 2 cgroup directory to be born in (CLONE_INTO_CGROUP). */
  readonly cgroup?: Reg;
}

/** A list of ops with one purpose. */
export class Tape {
  readonly options: TapeOptions;
  readonly ops: Op[] = [];
  readonly program: Program;

  constructor(program: Program, options: TapeOptions) {
    this.program = program;
    this.options = options;
  }

  /** Appends a system call. */
  call(name: string, args: readonly Arg[], options: OpOptions = {}): void {
    this.ops.push({ call: name, args, ...options });
  }

  /** A C string in the data section; equal strings are stored once. */
  text(text: Text): DataRef {
    return this.program.text(text);
  }

  /** For write(2) of a text whose symbols are bound at hand-off. */
  lengthOf(text: Text): TextLength {
    return { kind: 'length', text };
  }

  /** Binary data, aligned to 8 bytes. */
  bytes(parts: Bytes): DataRef {
    return this.program.bytes(parts);
  }

  /** `size` zero bytes the machine may write to. */
  buffer(size: number): DataRef {
    return this.program.buffer(size);
  }
}

/** An app as PID 1 supervises it. */
export interface SupervisedApp {
  readonly name: string;
  readonly start: Tape;
  /** Played by PID 1 itself around the clone, for what a child can only inherit. */
  readonly before?: Tape;
  readonly after?: Tape;
  readonly stopSignal: number;
  readonly graceMs: number;
  readonly logBytes: number;
  readonly logFiles: number;
  /** Writable `cgroup.kill` of the app's cgroup, where there is one. */
  readonly kill?: Reg;
  /** Readable file with a line `oom_kill N`: `memory.events` or `memory.oom_control`. */
  readonly oom?: Reg;
  /** Readable `tasks` of a version 1 cgroup, where the app has no version 2 cgroup to be born in. */
  readonly procs?: Reg;
  readonly dependsOn: readonly { readonly app: number; readonly condition: 'started' | 'completed' | 'ready' }[];
  /** Absent: it is let be when it has ended. */
  readonly restart?: SupervisedRestart;
  readonly hooks?: Readonly<Partial<Record<HookName, SupervisedHook>>>;
  readonly probes?: readonly SupervisedProbe[];
  /** Its standard input, output and error are a pseudo-terminal. */
  readonly terminal?: boolean;
  /** Its standard input is a pipe that init keeps open for clients to write to. */
  readonly inputKept?: boolean;
  /** The pod's standard input is a control connection whose requests come before any app is started. */
  readonly firstClient?: boolean;
}

export interface SupervisedRestart {
  readonly policy: 'never' | 'on-failure' | 'always';
  /** In a row; absent: without end. */
  readonly maxRetries?: number | undefined;
  /** The first pause; each is twice as long as the one before, up to the cap. */
  readonly backoffFirstMs: number;
  readonly backoffCapMs: number;
  /** After it ran so long, its failures are forgotten. */
  readonly healthyMs: number;
}

export type HookName = 'preStart' | 'postStart' | 'preStop' | 'postStop';

export interface SupervisedHook {
  readonly tape: Tape;
  readonly limitMs: number;
}

export interface SupervisedProbe extends ProbeTimes {
  readonly role: 'start' | 'ready' | 'live';
  readonly ask: ProbeQuestion;
}

/** Data that holds no symbol: where it lies is known when the tape is encoded. */
export interface Span {
  readonly data: DataRef;
  readonly length: number;
}

export type ProbeQuestion =
  | { readonly kind: 'tape'; readonly tape: Tape }
  /** `address` is a struct sockaddr. */
  | { readonly kind: 'connect'; readonly address: Span }
  | {
      readonly kind: 'http';
      readonly address: Span;
      readonly request: Span;
      readonly statuses: readonly [number, number];
    }
  /** `reply` is sent once the other side has spoken; its answer must hold `expect`, and ends where it holds `refuse`. */
  | ({ readonly kind: 'expect' } & Readonly<Record<'address' | 'request' | 'reply' | 'expect' | 'refuse', Span>>);

/** Several tapes that share one data section and one register file. */
export class Program {
  readonly tapes: Tape[] = [];
  readonly data: DataItem[] = [];
  readonly apps: SupervisedApp[] = [];
  readonly registers: Map<string, Reg> = new Map();
  readonly #texts = new Map<string, DataRef>();
  readonly #scratch = new Map<number, DataRef>();
  #nextRegister = FIRST_FREE_REGISTER;

  /** `registers`: those of a program that is loaded already, to share its register file. */
  constructor(registers: Readonly<Record<string, number>> = WELL_KNOWN_REGISTERS) {
    for (const [name, index] of Object.entries(registers)) {
      this.registers.set(name, { kind: 'reg', index, name });
      this.#nextRegister = Math.max(this.#nextRegister, index + 1);
    }
  }

  /** The register of that name, made on first use. */
  reg(name: string): Reg {
    const known = this.registers.get(name);
    if (known) return known;
    const made: Reg = { kind: 'reg', index: this.#nextRegister++, name };
    this.registers.set(name, made);
    return made;
  }

  tape(options: TapeOptions): Tape {
    const tape = new Tape(this, options);
    this.tapes.push(tape);
    return tape;
  }

  /** Adds an app for PID 1 to supervise. */
  supervise(app: SupervisedApp): void {
    this.text(app.name);
    this.apps.push(app);
  }

  text(text: Text): DataRef {
    const key =
      typeof text === 'string'
        ? text
        : text.map((part) => (typeof part === 'string' ? part : `\0${part.name}\0`)).join('');
    const known = this.#texts.get(key);
    if (known) return known;
    const made = this.#add({ kind: 'text', text });
    this.#texts.set(key, made);
    return made;
  }

  bytes(parts: Bytes, align = 8): DataRef {
    return this.#add({ kind: 'bytes', parts, align });
  }

  buffer(size: number): DataRef {
    return this.#add({ kind: 'buffer', size });
  }

  /** A buffer for results nobody reads twice: the program's tapes share one. */
  scratch(size: number): DataRef {
    const known = this.#scratch.get(size) ?? this.buffer(size);
    this.#scratch.set(size, known);
    return known;
  }

  #add(item: DataItem): DataRef {
    this.data.push(item);
    return { kind: 'data', item: this.data.length - 1, offset: 0 };
  }
}

export function sym(name: string, size = 8): Sym {
  return { kind: 'sym', name, size };
}

/** The same data, `bytes` further on. */
export function offset(ref: DataRef, bytes: number): DataRef {
  return { kind: 'data', item: ref.item, offset: ref.offset + bytes };
}
