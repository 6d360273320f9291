import { readFileSync, rmSync } from 'node:fs';
import { execa } from 'execa';
import { cliEnvironment, commandLine } from '../harness/pod-cli.ts';

/** Where a launch is killed: at the N-th system call of its main thread, or so long after its start. */
export type KillPoint = { readonly call: number; readonly isFirstRun: boolean } | { readonly afterMs: number };

export interface LaunchTrace {
  /** Number of the call that opens the manifest, counted from 1. */
  readonly manifest: number;
  /** Of the one that makes the pod's directory. */
  readonly directory: number;
  readonly last: number;
}

/** The calls of one whole launch in the state directory; the pod is left running. */
export async function traceLaunch(root: string, manifest: string): Promise<LaunchTrace> {
  const file = `${root}.trace`;
  await execa('strace', ['-qq', '-o', file, process.execPath, ...commandLine(['run', '-d', manifest], root)], {
    env: cliEnvironment(),
    extendEnv: false,
  });
  const calls = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => /^\w+\(/.test(line));
  rmSync(file);
  const find = (text: string): number => calls.findIndex((line) => line.includes(text)) + 1;
  return { manifest: find(`"${manifest}"`), directory: find('/pods/prepare/'), last: calls.length };
}

/** `count` calls at even distances from `first` to `last`. */
export function evenly(count: number, first: number, last: number, isFirstRun: boolean): KillPoint[] {
  const step = (last - first) / (count - 1);
  return Array.from({ length: count }, (_, i) => ({ call: Math.round(first + i * step), isFirstRun }));
}

/** Delays over a launch's duration, the same in every run of the test: a linear congruential generator. */
export function delays(count: number, durationMs: number, seed = 20_261_123): KillPoint[] {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return { afterMs: Math.floor((state / 2 ** 32) * durationMs) };
  });
}
