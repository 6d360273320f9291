import { readFileSync, rmSync } from 'node:fs';
import { execa } from 'execa';
import { cliEnvironment, commandLine } from '../harness/pod-cli.ts';

/** The `nth` system call of that name by a process's main thread: strace counts each name for itself. */
export interface Call {
  readonly name: string;
  readonly nth: number;
}

/** Where a launch is killed: at a call, or so long after its start. */
export type KillPoint = (Call & { readonly isFirstRun: boolean }) | { readonly afterMs: number };

export interface LaunchTrace {
  /** Index of the call that opens the manifest. */
  readonly manifest: number;
  /** Of the one that makes the pod's directory. */
  readonly directory: number;
  readonly last: number;
  readonly calls: readonly Call[];
}

/** The calls of one whole launch in the state directory; the pod is left running. */
export async function traceLaunch(root: string, manifest: string): Promise<LaunchTrace> {
  const file = `${root}.trace`;
  await execa('strace', ['-qq', '-o', file, process.execPath, ...commandLine(['run', '-d', manifest], root)], {
    env: cliEnvironment(),
    extendEnv: false,
  });
  const lines = callLines(readFileSync(file, 'utf8'));
  rmSync(file);
  const find = (text: string): number => lines.findIndex((line) => line.includes(text));
  return {
    manifest: find(`"${manifest}"`),
    directory: find('/pods/prepare/'),
    last: lines.length - 1,
    calls: numberCalls(lines),
  };
}

/** The lines of a trace that are calls. */
export function callLines(trace: string): string[] {
  return trace.split('\n').filter((line) => /^\w+\(/.test(line));
}

export function numberCalls(lines: readonly string[]): Call[] {
  const counts = new Map<string, number>();
  return lines.map((line) => {
    const name = line.slice(0, line.indexOf('('));
    const nth = (counts.get(name) ?? 0) + 1;
    counts.set(name, nth);
    return { name, nth };
  });
}

/** As strace is told of it. */
export function killAtCall({ name, nth }: Call): string {
  return `inject=${name}:signal=KILL:when=${nth}`;
}

const MAX_TRIES = 6;

/**
 * Kills at the call; where that was not come to, at an earlier one of its name: how often Node makes some of them, as those by which it
 * waits for its own threads, differs from run to run. Resolves to whether it was killed at any.
 */
export async function untilKilled({ name, nth }: Call, kill: (call: Call) => Promise<boolean>): Promise<boolean> {
  for (let tries = 0; tries < MAX_TRIES && nth > 0; tries++, nth -= Math.ceil(nth / 20))
    if (await kill({ name, nth })) return true;
  return false;
}

/** `count` calls at even distances from the one at `first` to the one at `last`. */
export function evenly(count: number, calls: readonly Call[], first: number, last: number): Call[] {
  const step = (last - first) / (count - 1);
  return Array.from({ length: count }, (_, i) => calls[Math.round(first + i * step)]!);
}

/** Delays over a launch's duration, the same in every run of the test: a linear congruential generator. */
export function delays(count: number, durationMs: number, seed = 20_261_123): KillPoint[] {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return { afterMs: Math.floor((state / 2 ** 32) * durationMs) };
  });
}
