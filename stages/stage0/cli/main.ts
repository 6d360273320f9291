import { resolve } from 'node:path';
import { PodError, PodErrors } from '../error.ts';
import { defaultRoot } from '../pod/layout.ts';
import { nearest } from '../pod/nearest.ts';
import { requireOwnRoot } from '../pod/own-root.ts';
import { type Flag, type Parsed, parseFlags } from './flags.ts';
import { Interrupted } from './interrupted.ts';
import { findVerb } from './find-verb.ts';
import { BrokenPipe, type ColorChoice, Terminal } from './terminal.ts';
import { GLOBAL_FLAGS, type GROUPS, type VerbEntry } from './verb.ts';
import { VERBS } from './verbs.ts';

const USAGE = 2;
/** What a shell shows for a program that SIGPIPE ended. */
const BROKEN_PIPE = 141;

/** Verbs that do something with what the state directory says; the others only show it. */
const ACTING: ReadonlySet<(typeof GROUPS)[number]> = new Set(['Run', 'Control', 'Sets', 'Images', 'Tidy']);

/** Runs one command line; the exit code is set on the process. The result says how it may end. */
export async function main(argv: readonly string[]): Promise<Ending> {
  const ending: MutableEnding = {};
  process.exitCode = await dispatch(argv, ending);
  return ending;
}

type MutableEnding = { -readonly [Key in keyof Ending]: Ending[Key] };

export interface Ending {
  /** See `Verb.end`. */
  readonly atOnce?: (code: number) => void;
}

/** All output is written by then; what a pod in the background still has open must not keep us. */
export function end({ atOnce }: Ending): never {
  // Profilers and debuggers write what they have found at Node's own end.
  const isWatched = process.execArgv.length > 0 || process.env['NODE_V8_COVERAGE'] || process.env['NODE_OPTIONS'];
  if (!isWatched) atOnce?.(Number(process.exitCode ?? 0));
  process.exit();
}

async function dispatch(argv: readonly string[], ending: MutableEnding): Promise<number> {
  const { before, name, after } = splitVerb(argv);
  const entry = name === undefined ? undefined : findVerb(name);
  try {
    if (!entry) return await withoutVerb(before, name);
    return await runVerb(entry, [...before, ...after], name === 'enter', ending);
  } catch (error) {
    if (error instanceof BrokenPipe) return BROKEN_PIPE;
    if (error instanceof Interrupted) return error.exitCode;
    await tell(error, argv);
    return exitCodeOf(error, entry?.failureCode ?? 1);
  }
}

async function tell(error: unknown, argv: readonly string[]): Promise<void> {
  const { reportError } = await import('./report.ts');
  try {
    await reportError(error, argv);
  } catch (unwritten) {
    // Nobody can be told; the exit code is left.
    if (!(unwritten instanceof BrokenPipe || unwritten instanceof PodError)) throw unwritten;
  }
}

/** Global flags may come before the verb; one that takes a value takes the next word with it. */
function splitVerb(argv: readonly string[]): { before: string[]; name: string | undefined; after: string[] } {
  let at = 0;
  while (at < argv.length && argv[at]!.startsWith('-') && argv[at] !== '--') {
    const word = argv[at]!;
    const flag = GLOBAL_FLAGS.find((one) => word === `--${one.name}` || word === `-${one.short}`);
    at += flag?.value === undefined ? 1 : 2;
  }
  return { before: argv.slice(0, at), name: argv[at], after: argv.slice(at + 1) };
}

async function withoutVerb(before: readonly string[], name: string | undefined): Promise<number> {
  const flags: Flag[] = [...GLOBAL_FLAGS, { name: 'version', help: 'show the version' }];
  const parsed = parseFlags(before, flags);
  if (name !== undefined) throw unknownVerb(name);
  if (parsed.has('version')) return runVerb(findVerb('version')!, [], false, {});
  const { renderOverview } = await import('./help.ts');
  const terminal = terminalOf(parsed);
  if (parsed.has('help')) terminal.out(renderOverview(terminal, VERBS));
  else terminal.err(renderOverview(terminal, VERBS));
  return parsed.has('help') ? 0 : USAGE;
}

async function runVerb(
  entry: VerbEntry,
  argv: readonly string[],
  isEnter: boolean,
  ending: MutableEnding,
): Promise<number> {
  const { verb } = await entry.load();
  const flags = parseFlags(argv, [...verb.flags, ...GLOBAL_FLAGS], { commandAfter: verb.commandAfter });
  const terminal = terminalOf(flags);
  if (flags.has('help')) {
    const { renderVerbHelp } = await import('./help.ts');
    terminal.out(renderVerbHelp(terminal, verb));
    return 0;
  }
  const operands = isEnter && flags.operands.length === 1 ? [...flags.operands, '/bin/sh'] : flags.operands;
  const root = resolve(flags.value('root') ?? defaultRoot());
  verb.check?.(flags);
  if (ACTING.has(entry.group)) requireOwnRoot(root);
  const code = await verb.run({ operands, flags, root, terminal, isQuiet: flags.has('quiet'), verbs: VERBS });
  const atOnce = verb.end?.(flags);
  if (atOnce) ending.atOnce = atOnce;
  return code;
}

function terminalOf(flags: Parsed): Terminal {
  return new Terminal((flags.value('color') ?? 'auto') as ColorChoice);
}

function unknownVerb(name: string): PodError {
  const near = nearest(
    name,
    VERBS.flatMap((verb) => [verb.name, ...(verb.aliases ?? [])]),
  );
  const hint = near === undefined ? 'pod --help lists the verbs' : `did you mean "pod ${near}"?`;
  return new PodError('cli/usage', `unknown verb "${name}"`, { hint });
}

/** A verb whose other codes are the app's answers 125 to everything that is pod's own fault; one whose 1 is an answer, 2. */
function exitCodeOf(error: unknown, failureCode: number): number {
  const code = error instanceof PodError ? error.code : undefined;
  if (failureCode === 125) {
    if (code === 'pod/command-not-found') return 127;
    return code === 'pod/command-not-runnable' ? 126 : 125;
  }
  return isUsage(error) || failureCode === USAGE ? USAGE : 1;
}

function isUsage(error: unknown): boolean {
  return error instanceof PodErrors
    ? error.errors.every(isUsage)
    : error instanceof PodError && error.code === 'cli/usage';
}
