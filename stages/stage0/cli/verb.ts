import type { Completes, Flag, Parsed } from './flags.ts';
import { FORMATS } from './format.ts';
import type { Terminal } from './terminal.ts';

/** What a verb gets to work with. */
export interface Invocation {
  readonly operands: readonly string[];
  readonly flags: Parsed;
  /** Absolute. */
  readonly root: string;
  readonly terminal: Terminal;
  readonly isQuiet: boolean;
  /** All there are. */
  readonly verbs: readonly VerbEntry[];
}

/** One verb, as help, completion and `docs/cli.md` show it. The result of `run` is the exit code. */
export interface Verb {
  readonly name: string;
  /** One sentence, what it is for. */
  readonly purpose: string;
  readonly usage: readonly string[];
  /** Command line and what it does. */
  readonly examples: readonly (readonly [command: string, meaning: string])[];
  readonly flags: readonly Flag[];
  /** Further sentences for the end of the help text. */
  readonly notes?: readonly string[];
  /** What its operands stand for, by position; further ones are like the last. None: it takes no operand. */
  readonly completes?: readonly Completes[];
  /** See `ParseOptions`. */
  readonly commandAfter?: number;
  /**
   * How the process may end without Node's own end: for verbs that had to load system calls, and when none of Node's streams was
   * used, which Node puts back as they were.
   */
  readonly end?: (flags: Parsed) => ((code: number) => void) | undefined;
  /** Throws when its flags do not go together, whatever its operands are. */
  readonly check?: (flags: Parsed) => void;
  readonly run: (invocation: Invocation) => Promise<number> | number;
}

export const GROUPS = ['Run', 'Look', 'Control', 'Sets', 'Images', 'Tidy', 'Host'] as const;

/** A verb as the overview shows it; the rest of it is loaded when it is called. */
export interface VerbEntry {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly group: (typeof GROUPS)[number];
  readonly summary: string;
  /** What a failure of pod itself exits with. 125: the other codes belong to the app. */
  readonly failureCode: 1 | 2 | 125;
  readonly load: () => Promise<{ readonly verb: Verb }>;
}

/** Flags every verb takes. */
export const GLOBAL_FLAGS: readonly Flag[] = [
  { name: 'root', value: 'DIR', isPath: true, help: 'keep state and images below DIR' },
  {
    name: 'color',
    value: 'WHEN',
    values: ['auto', 'always', 'never'],
    help: 'use colours: auto, always, never; NO_COLOR is respected',
  },
  {
    name: 'progress',
    value: 'HOW',
    values: ['auto', 'tty', 'plain', 'quiet'],
    help: 'show progress on standard error: auto, tty, plain, quiet',
  },
  { name: 'quiet', short: 'q', help: 'show no progress, and no messages except errors' },
  { name: 'debug', help: 'show the stack trace of an error' },
  { name: 'help', short: 'h', help: 'show the help of the verb' },
];

export const NET_FLAG: Flag = {
  name: 'net',
  value: 'MODE',
  values: ['bridge', 'none', 'host'],
  others: 'pod:NAME, cni:NAME',
  pattern: /^(?:pod|cni):[A-Za-z0-9][A-Za-z0-9_.-]*$/,
  help: 'use this network instead of the one in the manifest: bridge, none, host, pod:NAME (the network of a running pod), cni:NAME (a network of CNI plugins)',
};

export const FROZEN_FLAG: Flag = {
  name: 'frozen',
  help: 'refuse images that pod.lock does not pin; this is the default when CI is set',
};

export function appFlag(help: string): Flag {
  return { name: 'app', short: 'a', value: 'APP', completes: 'apps', help };
}

/** `more`: what the verb has besides. */
export function outputFlag(...more: readonly string[]): Flag {
  const values = [...FORMATS, ...more];
  return { name: 'output', short: 'o', value: 'FORMAT', values, help: `one of ${values.join(', ')}` };
}
