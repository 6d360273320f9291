// CNI specification 1.0.0, section 2: execution protocol

import type { ChildProcess } from 'node:child_process';
import { isObject } from './config.ts';

/** What plugins search their own tools in, such as iptables. Nothing of the caller's environment reaches them. */
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/** A plugin that asks a DHCP server may take some ten seconds. */
export const PLUGIN_LIMIT_MS = 60_000;
const MOST_OUTPUT = 1024 * 1024;
/** Of an error's text. */
const MOST_SHOWN = 2000;

export interface PluginCall {
  /** The program. */
  readonly path: string;
  /** CNI_COMMAND and the other parameters, without PATH. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly request: object;
  /** The plugin inherits this descriptor of a lock, so that the lock is held for as long as the plugin runs, whoever started it. */
  readonly lockFd: number;
  readonly limitMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Why a plugin did not do what it was asked. */
export class PluginFault extends Error {}

/**
 * Runs the plugin to its end, as a process group of its own, and returns what it printed. Throws `PluginFault`, or the signal's reason,
 * when the whole group has been killed.
 */
export async function runPlugin(call: PluginCall): Promise<string> {
  call.signal?.throwIfAborted();
  const { spawn } = await import('node:child_process');
  const child = spawn(call.path, [], {
    cwd: '/',
    env: { ...call.parameters, PATH },
    stdio: ['pipe', 'pipe', 'pipe', call.lockFd],
    detached: true,
  });
  const output = await untilEnd(child, call);
  if (output.code === 0) return output.stdout;
  throw new PluginFault(faultOf(output));
}

interface Output {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
  readonly signal: string | null;
}

function untilEnd(child: ChildProcess, { request, limitMs = PLUGIN_LIMIT_MS, signal }: PluginCall): Promise<Output> {
  const { promise, resolve, reject } = withResolvers<Output>();
  const giveUp = (reason: unknown): void => {
    killGroup(child);
    // A process that left the group may hold the pipes, and they would keep this process from its end.
    for (const stream of child.stdio) stream?.destroy();
    reject(reason as Error);
  };
  const onAbort = (): void => giveUp(signal!.reason);
  const limit = setTimeout(() => giveUp(new PluginFault(`it did not finish in ${limitMs / 1000} s`)), limitMs);
  signal?.addEventListener('abort', onAbort, { once: true });
  const read = [child.stdout!, child.stderr!].map((stream) => gather(stream, giveUp));
  child.once('error', (error) => giveUp(new PluginFault(error.message)));
  child.once('close', (code, killer) => resolve({ stdout: read[0]!(), stderr: read[1]!(), code, signal: killer }));
  // A plugin need not read its configuration.
  child.stdin!.on('error', () => undefined);
  child.stdin!.end(JSON.stringify(request));
  return promise.finally(() => {
    clearTimeout(limit);
    signal?.removeEventListener('abort', onAbort);
  });
}

/** Promise.withResolvers, which Node 20 has not. */
function withResolvers<T>(): {
  promise: Promise<T>;
  resolve: (value: T) => void;
  reject: (reason: Error) => void;
} {
  let resolve!: (value: T) => void;
  let reject!: (reason: Error) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

function gather(stream: NodeJS.ReadableStream, giveUp: (reason: unknown) => void): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MOST_OUTPUT) giveUp(new PluginFault('it printed more than 1 MiB'));
    else chunks.push(chunk);
  });
  return () => Buffer.concat(chunks).toString('utf8');
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has just ended.
  }
}

/** A plugin reports its error as JSON on its standard output. */
function faultOf({ stdout, stderr, code, signal }: Output): string {
  const error = objectIn(stdout);
  if (error && typeof error['msg'] === 'string') {
    const { code: number, msg, details } = error;
    const more = typeof details === 'string' && details !== '' ? `: ${details}` : '';
    return oneLine(`${msg}${more}${typeof number === 'number' ? ` (code ${number})` : ''}`);
  }
  const said = oneLine(stderr) || oneLine(stdout);
  const how = signal === null ? `exit code ${code ?? 'unknown'}` : `killed by ${signal}`;
  return said === '' ? how : `${said} (${how})`;
}

export function objectIn(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function oneLine(text: string): string {
  const line = text.trim().replaceAll(/\s*\n\s*/g, '; ');
  return line.length > MOST_SHOWN ? `${line.slice(0, MOST_SHOWN)}…` : line;
}
