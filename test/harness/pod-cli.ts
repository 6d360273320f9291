import { execa } from 'execa';
import { POD_BIN } from './paths.ts';

export interface CliResult {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly root?: string;
  readonly input?: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  /** As this user, in a group of the same number and no other. */
  readonly user?: number | undefined;
  /** A command that runs the rest of its arguments; it is root, and may change what the rest sees of the host. */
  readonly wrapper?: readonly string[] | undefined;
}

/** Of what hangs. */
const DEFAULT_TIMEOUT_MS = 180_000;

/** Runs `pod VERB --root ROOT ARGS…` to its end, whatever its exit code is. */
export async function pod(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const [command, ...rest] = [...(options.wrapper ?? []), process.execPath, ...commandLine(args, options.root)];
  const result = await execa(command!, rest, {
    reject: false,
    input: options.input ?? '',
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: cliEnvironment(options.env),
    extendEnv: false,
    ...(options.user === undefined ? {} : { uid: options.user, gid: options.user }),
    timeout: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    maxBuffer: 64 * 1024 * 1024,
  });
  return { exitCode: result.exitCode, signal: result.signal, stdout: result.stdout, stderr: result.stderr };
}

/** The same, for verbs that must succeed: otherwise throws what they said. */
export async function podOk(args: readonly string[], options: CliOptions = {}): Promise<string> {
  const result = await pod(args, options);
  if (result.exitCode === 0) return result.stdout;
  throw new Error(
    `pod ${args.join(' ')}: exit ${result.exitCode ?? result.signal}\n${result.stderr}\n${result.stdout}`,
  );
}

/** Arguments for Node. The verb comes first, its flags after it. */
export function commandLine(args: readonly string[], root?: string): string[] {
  const [verb = '--help', ...rest] = args;
  return [POD_BIN, verb, ...(root === undefined ? [] : ['--root', root]), ...rest];
}

/** Without what would slow Node down, change how things look, or hold a lock as build servers do. */
export function cliEnvironment(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  const {
    CI: _ci,
    NODE_EXTRA_CA_CERTS: _certificates,
    NODE_OPTIONS: _options,
    NODE_TEST_CONTEXT: _context,
    ...rest
  } = process.env;
  const inherited = Object.entries(rest).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return { ...Object.fromEntries(inherited), NO_COLOR: '1', ...extra };
}
