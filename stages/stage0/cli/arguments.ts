import { PodError } from '../error.ts';
import type { PodDir, PodStore } from '../pod/store.ts';
import type { Invocation } from './verb.ts';

/** The one operand of a verb that takes exactly one. */
export function onlyOperand({ operands }: Invocation, what: string): string {
  if (operands.length === 1) return operands[0]!;
  const problem = operands.length === 0 ? 'is missing' : `must be given exactly once: got ${operands.length}`;
  throw new PodError('cli/usage', `${what} ${problem}`);
}

export function someOperands({ operands }: Invocation, what: string): readonly string[] {
  if (operands.length === 0) throw new PodError('cli/usage', `${what} is missing`);
  return operands;
}

export function noOperands({ operands }: Invocation): void {
  if (operands.length > 0) throw new PodError('cli/usage', `unexpected argument "${operands[0]}"`);
}

/** `500ms`, `10s`, `5m`, `2h`, `1d`, in milliseconds; undefined when the flag is not there. */
export function durationFlag({ flags }: Pick<Invocation, 'flags'>, name: string): number | undefined {
  const text = flags.value(name);
  return text === undefined ? undefined : parseDuration(text, `--${name}`);
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

export function parseDuration(text: string, what: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text);
  const ms = match ? Number(match[1]) * UNIT_MS[match[2]!]! : text === '0' ? 0 : Number.NaN;
  if (Number.isSafeInteger(Math.ceil(ms))) return Math.ceil(ms);
  throw new PodError('cli/usage', `${what} "${text}": not a duration`, {
    hint: 'durations are written 500ms, 10s, 5m, 2h, 1d',
  });
}

/** What setTimeout counts to; for more it calls back at once. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

/** As `durationFlag`, of a time that is waited for. */
export function waitFlag({ flags }: Pick<Invocation, 'flags'>, name: string): number | undefined {
  const text = flags.value(name);
  return text === undefined ? undefined : parseWait(text, `--${name}`);
}

export function parseWait(text: string, what: string): number {
  const ms = parseDuration(text, what);
  if (ms <= LONGEST_WAIT_MS) return ms;
  throw new PodError('cli/usage', `${what} "${text}": more than 24d, the longest time pod can wait`);
}

export function countFlag({ flags }: Invocation, name: string): number | undefined {
  const text = flags.value(name);
  if (text === undefined) return undefined;
  if (!/^\d{1,15}$/.test(text)) throw new PodError('cli/usage', `--${name} "${text}": not a number`);
  return Number(text);
}

/** The app must be one of the pod's; without a name it is all of them. */
export function chooseApps(names: readonly string[], wanted: string | undefined): readonly string[] {
  if (wanted === undefined) return names;
  if (names.includes(wanted)) return [wanted];
  throw new PodError('pod/app-not-found', `find app "${wanted}": the pod has ${names.join(', ') || 'no apps'}`);
}

/** Does `act` for all pods at the same time; when all have been tried, failures are shown in the order of the pods, but for the last, which is thrown. */
export async function forEachPod(
  store: PodStore,
  queries: readonly string[],
  act: (pod: PodDir) => Promise<void> | void,
): Promise<void> {
  const results = await Promise.allSettled(queries.map(async (query) => act(store.find(query))));
  const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
  if (failures.length > 1) {
    const { reportError } = await import('./report.ts');
    for (const failure of failures.slice(0, -1)) await reportError(failure);
  }
  if (failures.length > 0) throw failures.at(-1);
}
