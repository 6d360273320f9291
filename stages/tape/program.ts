import type { ErrnoName } from '../linux/errno.ts';
import type { ProbeTimes } from './probe.ts';
import { FIRST_FREE_REGISTER, WELL_KNOWN_REGISTERS } from './registers.ts';

/** A place in a manifest, as the source map keeps it. */
export interface SourcePosition {
  readonly file: string;
  readonly line: number;
  readonly col: number;
}

/** A 64-bit register of the machine that plays the tape; usually holds a descriptor. */
export interface Reg {
  readonly kind: 'reg';
  readonly index: number;
  readonly name: string;
}

/**
 * A value that differs from one start to the next (uuid, address, uid base) and is bound at hand-off. Plans and hashes do not
 * depend on it. An unbound symbol reads `$name` in text and is `size` zero bytes in binary data.
 */
export interface Sym {
  readonly kind: 'sym';
  readonly name: string;
  /** Size in binary data, in bytes; ignored in text. */
  readonly size: number;
}

/** The length of a text in bytes once its symbols are bound, without the NUL. */
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
/** A C string, composed of literal text and symbols. */
export type Text = string | readonly (string | Sym)[];
/** Binary data, composed of literal bytes, binary symbols and pointers to other data. */
export type Bytes = Uint8Array | readonly (Uint8Array | Sym | DataRef)[];

export type DataItem =
  | { readonly kind: 'text'; readonly text: Text }
  | { readonly kind: 'bytes'; readonly parts: Bytes; readonly align: number }
  | { readonly kind: 'buffer'; readonly size: number };

export interface OpOptions {
  /** The register that receives the result. */
  readonly out?: Reg;
  /**
   * The monitor passes the descriptor in `out` to init, which finds it in the same register. For the tapes base, leaves and attach.
   */
  readonly handOver?: boolean;
  /** Errors that do not stop the tape; at most four. */
  readonly tolerate?: readonly ErrnoName[];
  /** The manifest line that asked for the call. */
  readonly at?: SourcePosition | undefined;
  /** The purpose of the call, in words that follow "while trying to": `mount "/srv/data" on "/data"`. */
  readonly why?: string;
  /** Advice for the user when the call fails, if the advice depends on the purpose of the call. */
  readonly hint?: string;
  /** The same, for single errors. */
  readonly hints?: Partial<Readonly<Record<ErrnoName, string>>> | undefined;
}

export interface Op extends OpOptions {
  /** The kernel's name of the call, or a key of `PSEUDO_CALLS` in pseudo-calls.ts. */
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
  /** Flags of the clone3 that makes the process that plays the tape; see clone(2). */
  readonly cloneFlags?: bigint;
  /** Descriptor of the version 2 cgroup directory that the process is born in (CLONE_INTO_CGROUP). */
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

  /** The length for a write(2) of a text whose symbols are bound at hand-off. */
  lengthOf(text: Text): TextLength {
    return { kind: 'length', text };
  }

  /** Binary data, aligned to 8 bytes. */
  bytes(parts: Bytes): DataRef {
    return this.program.bytes(parts);
  }

  /** A buffer of `size` zero bytes that the machine may write to. */
  buffer(size: number): DataRef {
    return this.program.buffer(size);
  }
}

/** An app as PID 1 supervises it. */
export interface SupervisedApp {
  readonly name: string;
  readonly start: Tape;
  /** Played by PID 1 itself before and after the clone, for attributes that a child can only inherit. */
  readonly before?: Tape;
  readonly after?: Tape;
  readonly stopSignal: number;
  readonly graceMs: number;
  readonly logBytes: number;
  readonly logFiles: number;
  /** Writable `cgroup.kill` of the app's cgroup, if it has one. */
  readonly kill?: Reg;
  /** Readable file with a line `oom_kill N`: `memory.events` or `memory.oom_control`. */
  readonly oom?: Reg;
  /** `tasks` of a version 1 cgroup, readable; for an app without a version 2 cgroup to be born in. */
  readonly procs?: Reg;
  readonly dependsOn: readonly { readonly app: number; readonly condition: 'started' | 'completed' | 'ready' }[];
  /** Absent: the app is not restarted. */
  readonly restart?: SupervisedRestart;
  readonly hooks?: Readonly<Partial<Record<HookName, SupervisedHook>>>;
  readonly probes?: readonly SupervisedProbe[];
  /** Its standard input, output and error are a pseudo-terminal. */
  readonly terminal?: boolean;
  /** Its standard input is a pipe that init keeps open, so that clients can write to it. */
  readonly inputKept?: boolean;
  /** The pod's standard input is a control connection whose requests are handled before any app is started. */
  readonly firstClient?: boolean;
}

export interface SupervisedRestart {
  readonly policy: 'never' | 'on-failure' | 'always';
  /** The number of retries in a row; absent: no limit. */
  readonly maxRetries?: number | undefined;
  /** The first pause; each later pause is twice as long as the one before, up to the cap. */
  readonly backoffFirstMs: number;
  readonly backoffCapMs: number;
  /** After the app has run this long, its earlier failures no longer count. */
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

/** A range of data without symbols, so its place is known when the tape is encoded. */
export interface Span {
  readonly data: DataRef;
  readonly length: number;
}

export type ProbeQuestion =
  | { readonly kind: 'tape'; readonly tape: Tape }
  /** `address` is a struct sockaddr. */
  | { readonly kind: 'connect'; readonly address: Span }
  /** `statuses`: from which to which the status of the answer, or of the service, is a success. */
  | {
      readonly kind: 'http' | 'grpc';
      readonly address: Span;
      readonly request: Span;
      readonly statuses: readonly [number, number];
    };

/** Several tapes that share one data section and one register file. */
export class Program {
  readonly tapes: Tape[] = [];
  readonly data: DataItem[] = [];
  readonly apps: SupervisedApp[] = [];
  readonly registers: Map<string, Reg> = new Map();
  readonly #texts = new Map<string, DataRef>();
  readonly #scratch = new Map<number, DataRef>();
  #nextRegister = FIRST_FREE_REGISTER;

  /** `registers`: the registers of a program that is already loaded, whose register file this program shares. */
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

  /** A buffer for results that nobody reads; the program's tapes share one of each size. */
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
