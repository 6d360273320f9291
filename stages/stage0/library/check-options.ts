import { PodError, PodErrors } from '../error.ts';
import { suggestionHint } from '../manifest/suggest.ts';
import { requireTimeout } from './deadline.ts';

/** Describes what is wrong with a value, as a predicate that follows "it"; undefined when the value is valid. */
export type Judge = (value: unknown) => string | undefined;

/** The kernel silently truncates strings at a NUL. */
export const isText: Judge = (value) => {
  if (typeof value !== 'string') return 'is not a text';
  if (value === '') return 'is empty';
  return value.includes('\0') ? 'has a NUL in it' : undefined;
};

export const isFunction: Judge = (value) => (typeof value === 'function' ? undefined : 'is not a function');

export const isTime: Judge = (value) => {
  try {
    requireTimeout(value);
    return undefined;
  } catch {
    return `is ${String(value)}: not a number of milliseconds above 0`;
  }
};

const isSignal: Judge = (value) => (value instanceof AbortSignal ? undefined : 'is not an AbortSignal');

/** What init can wait for: epoll_wait(2) takes an int. */
const LONGEST_GRACE_MS = 2 ** 31 - 1;

const isGrace: Judge = (value) => {
  if (typeof value === 'number' && value >= 0 && value <= LONGEST_GRACE_MS) return undefined;
  return `is ${String(value)}: not a number of milliseconds up to 2147483647 (24 days)`;
};

const isEnv: Judge = (value) => {
  if (typeof value !== 'object' || value === null) return 'is not an object of texts';
  const wrong = Object.entries(value).find(([name, text]) => !isVariable(name, text));
  return wrong && `has an invalid variable: ${JSON.stringify(wrong[0])}: ${JSON.stringify(wrong[1])}`;
};

/** environ(7): a name has no "=". */
function isVariable(name: string, text: unknown): boolean {
  return /^[^=\0]+$/.test(name) && typeof text === 'string' && !text.includes('\0');
}

export const RUN_SETTINGS: Readonly<Record<string, Judge>> = {
  root: isText,
  baseDir: isText,
  name: isText,
  onProgress: isFunction,
  signal: isSignal,
};

export const WAIT_SETTINGS: Readonly<Record<string, Judge>> = { timeoutMs: isTime, signal: isSignal };

export const EXEC_SETTINGS: Readonly<Record<string, Judge>> = {
  ...WAIT_SETTINGS,
  app: isText,
  user: isText,
  workingDirectory: isText,
  env: isEnv,
};

export const STOP_SETTINGS: Readonly<Record<string, Judge>> = { graceMs: isGrace };

/** Throws all faults at once. An option set to undefined counts as absent. */
export function requireOptions(what: string, options: unknown, known: Readonly<Record<string, Judge>>): void {
  if (typeof options !== 'object' || options === null)
    throw new PodError('test/options', `${what}: its options are ${JSON.stringify(options)}, not an object`);
  const errors = Object.entries(options).flatMap(([name, value]) => {
    const judge = Object.hasOwn(known, name) ? known[name] : undefined;
    if (!judge) {
      const hint = suggestionHint(name, Object.keys(known), 'its options are');
      return [new PodError('test/options', `${what}: there is no option "${name}"`, { hint })];
    }
    const wrong = value === undefined ? undefined : judge(value);
    return wrong === undefined ? [] : [new PodError('test/options', `${what}: option "${name}" ${wrong}`)];
  });
  if (errors.length > 0) throw new PodErrors(errors);
}
