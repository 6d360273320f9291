import { LineJoiner } from '../pod/line-joiner.ts';
import { LogFollower, type LogOptions } from '../pod/logs.ts';
import { wherever } from '../pod/wherever.ts';
import { hasEnded, waitForPod, watchPod } from '../pod/wait.ts';
import { PodError } from '../error.ts';
import { suggestionHint } from '../manifest/suggest.ts';
import { requireCommand } from '../library/command.ts';
import { requireTimeout } from '../library/deadline.ts';
import { readPort } from './socket-table.ts';
import type { Condition, Progress, WaitedPod } from './condition.ts';
import { tryUntil, tryWithLimit } from './try-until.ts';
import { whileAlive } from './while-alive.ts';

const HTTP_MS = 1000;
/** Long, because many commands check things that are slow. */
const EXEC_MS = 10_000;

/** Every app is ready by its ready probe; an app without a ready probe counts as soon as it has started. */
export function ready(): Condition {
  return {
    text: 'be ready',
    watch: async (pod, { signal }) => void (await waitForPod(pod.store, pod.uuid, 'ready', { signal })),
  };
}

/**
 * A process listens on the TCP port on more than the pod's loopback. Read from the kernel's socket tables; no connection is made.
 */
export function port(number: number): Condition {
  requirePort(number);
  return {
    text: `have port ${number} open`,
    watch: whileAlive((pod, { signal, note }) =>
      tryUntil(signal, () => {
        const pid = initPidOf(pod);
        if (pid === undefined) return false;
        const state = readPort(pid, number);
        note(state === 'loopback' ? 'it is open on the loopback only' : 'nothing listens on it');
        return state === 'open';
      }),
    ),
  };
}

/** Returns undefined when the pod has ended, which is reported elsewhere, with the reason. */
function initPidOf(pod: WaitedPod): number | undefined {
  try {
    return pod.initPid();
  } catch (error) {
    if (error instanceof PodError && error.code === 'pod/died') return undefined;
    throw error;
  }
}

export interface HttpCondition {
  /** Expected status. Absent: 200 to 399. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An HTTP GET gets the expected answer. */
export function http(number: number, path = '/', expected: HttpCondition = {}): Condition {
  requirePort(number);
  return {
    text: `answer GET ${path} on port ${number}`,
    watch: whileAlive((pod, progress) =>
      tryWithLimit(progress, { firstMs: HTTP_MS, nothing: 'no answer' }, async (signal) => {
        const result = await request(pod.ip, number, path, expected.headers ?? {}, signal);
        signal.throwIfAborted();
        progress.note(typeof result === 'number' ? `status ${result}` : result);
        if (typeof result !== 'number') return false;
        return expected.status === undefined ? result >= 200 && result < 400 : result === expected.status;
      }),
    ),
  };
}

/** An app has written, or will write, a line that matches the pattern. */
export function logLine(pattern: RegExp | string, { app }: { readonly app?: string } = {}): Condition {
  const matches = (text: string): boolean =>
    typeof pattern === 'string' ? text.includes(pattern) : text.search(pattern) >= 0;
  return {
    text: `log ${typeof pattern === 'string' ? JSON.stringify(pattern) : String(pattern)}`,
    watch: whileAlive((pod, { signal }) => watchLog(pod, app, matches, signal)),
  };
}

export interface ExecCondition {
  readonly app?: string;
  /** Expected exit code. Default 0. */
  readonly exitCode?: number;
  /**
   * Time limit of the first try, in ms: a command that exceeds it is killed, and the next try has twice as long. Default 10,000.
   */
  readonly timeoutMs?: number;
}

/** The command, run repeatedly in the pod, exits with the expected code. */
export function exec(argv: readonly string[], expected: ExecCondition = {}): Condition {
  const { app, exitCode: wanted = 0, timeoutMs: firstMs = EXEC_MS } = expected;
  requireCommand(argv);
  requireTimeout(firstMs);
  return {
    text: `have ${JSON.stringify(argv)} end with ${wanted}`,
    watch: whileAlive((pod, progress) =>
      tryWithLimit(progress, { firstMs, nothing: 'it did not end' }, async (signal) => {
        const { exitCode, stderr } = await pod.exec(argv, { signal, ...(app === undefined ? {} : { app }) });
        progress.note(`exit code ${exitCode}${stderr === '' ? '' : `: ${stderr.trim()}`}`);
        return exitCode === wanted;
      }),
    ),
  };
}

/** The pod has ended, with the given exit code if there is one. */
export function exit(wanted?: number): Condition {
  return {
    text: wanted === undefined ? 'end' : `end with ${wanted}`,
    async watch(pod, { signal }) {
      await watchPod(pod.store, pod.uuid, () => hasEnded(pod.store, pod.uuid), { signal });
      const code = pod.status()?.exitCode ?? null;
      if (wanted !== undefined && code !== wanted)
        throw new PodError('pod/died', `it has ended with ${code ?? 'an unknown code'}`);
    },
  };
}

/** All conditions hold, or have held. */
export function all(...conditions: readonly Condition[]): Condition {
  return {
    text: joined(conditions, 'and'),
    watch: (pod, progress) =>
      together(progress, (inner) => Promise.all(conditions.map(({ watch }) => watch(pod, inner)))),
  };
}

/** At least one condition holds. */
export function any(...conditions: readonly Condition[]): Condition {
  return {
    text: joined(conditions, 'or'),
    watch: (pod, progress) =>
      together(progress, async (inner) => {
        try {
          await Promise.any(conditions.map(({ watch }) => watch(pod, inner)));
        } catch (error) {
          throw error instanceof AggregateError ? error.errors[0] : error;
        }
      }),
  };
}

function joined(conditions: readonly Condition[], word: string): string {
  if (conditions.length === 0) throw new PodError('test/options', 'wait for all or any: no conditions are given');
  return conditions.map(({ text }) => text).join(` ${word} `);
}

/** Aborts the remaining watches once the result is decided. */
async function together(progress: Progress, run: (inner: Progress) => Promise<unknown>): Promise<void> {
  const enough = new AbortController();
  try {
    await run({ ...progress, signal: AbortSignal.any([progress.signal, enough.signal]) });
  } finally {
    enough.abort();
  }
}

function requirePort(number: number): void {
  if (Number.isInteger(number) && number > 0 && number < 65_536) return;
  throw new PodError('test/options', `wait for port ${number}: a port is a number from 1 to 65535`);
}

/** Loads the module on demand: few suites need it, and it would cost each of them 5 ms. */
async function request(
  host: string,
  portNumber: number,
  path: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<number | string> {
  const { get } = await import('node:http');
  return new Promise((resolve) => {
    const asked = get({ host, port: portNumber, path, headers: { ...headers }, agent: false, signal }, (response) => {
      response.destroy();
      resolve(response.statusCode ?? 0);
    });
    asked.on('error', (error) => resolve(error.message));
  });
}

async function watchLog(
  pod: WaitedPod,
  app: string | undefined,
  matches: (text: string) => boolean,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const { apps } = pod;
  if (app !== undefined && !apps.includes(app)) {
    const message = `read the log of app "${app}" in pod "${pod.name}": it has ${apps.join(', ')}`;
    throw new PodError('pod/app-not-found', message, { hint: suggestionHint(app, apps, 'its apps are') });
  }
  const found = new AbortController();
  const joiner = new LineJoiner();
  const options: LogOptions = {
    apps: app === undefined ? apps : [app],
    // A prompt is a line without a line feed, so partial lines are matched too.
    sink: (from, line) => {
      if (matches(joiner.join(from, line).text.toString('utf8'))) found.abort();
    },
  };
  using follower = wherever(pod.store, pod.uuid, (path) => {
    if (path === undefined) throw new PodError('pod/state', `read the logs of pod "${pod.name}": it was removed`);
    return new LogFollower(path, options);
  });
  follower.readExisting();
  if (found.signal.aborted) return;
  follower.follow();
  await Promise.race([eventOf(found.signal), rejectionOf(signal), follower.failure]);
}

/** Resolves at once when the signal is already aborted. */
function eventOf(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

async function rejectionOf(signal: AbortSignal): Promise<never> {
  await eventOf(signal);
  throw signal.reason;
}
