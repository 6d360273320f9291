import { PodError, PodErrors } from '../error.ts';
import { requireTimeout } from '../library/deadline.ts';
import { suggestionHint } from '../manifest/suggest.ts';

/** What is wrong with a value, in words that go on with "it"; undefined when nothing is. */
type Judge = (value: unknown) => string | undefined;

const isText: Judge = (value) => (typeof value === 'string' && value !== '' ? undefined : 'is not a text');
const isFunction: Judge = (value) => (typeof value === 'function' ? undefined : 'is not a function');

/** As V8 prints it: its result is kept under its text. */
const isSetup: Judge = (value) => {
  if (typeof value !== 'function') return isFunction(value);
  if (!/\{\s*\[native code\]\s*\}$/.test(String(value))) return undefined;
  return 'is a bound or native function, and nobody can see when it changes: pass (e) => f(e), and name in "inputs" the files it depends on';
};

const isTexts: Judge = (value) =>
  [value].flat().every((one) => isText(one) === undefined) ? undefined : 'is neither a text nor a list of texts';

const areManifests: Judge = (value) => {
  const isManifest = (one: unknown): boolean => isText(one) === undefined || (typeof one === 'object' && one !== null);
  return [value].flat().every(isManifest) ? undefined : 'is neither a path, nor an object, nor a list of those';
};

const isTime: Judge = (value) => {
  try {
    requireTimeout(value);
    return undefined;
  } catch {
    return `is ${String(value)}: not a number of milliseconds above 0`;
  }
};

const isSignal: Judge = (value) => (value instanceof AbortSignal ? undefined : 'is not an AbortSignal');

function isOneOf(...values: readonly unknown[]): Judge {
  const choices = values.map((value) => JSON.stringify(value)).join(' or ');
  return (value) => (values.includes(value) ? undefined : `is ${JSON.stringify(value)}, not ${choices}`);
}

/** A condition, or a record of them. */
export const isUntil: Judge = (value) => {
  if (typeof value !== 'object' || value === null) return `is ${String(value)}, which is no condition`;
  if (isCondition(value)) return undefined;
  const wrong = Object.entries(value).find(([, one]) => !isCondition(one));
  return wrong && `says for "${wrong[0]}" what is no condition`;
};

export function isCondition(value: unknown): boolean {
  return typeof (value as { watch?: unknown } | null | undefined)?.watch === 'function';
}

export const STACK_OPTIONS: Readonly<Record<string, Judge>> = {
  manifests: areManifests,
  setup: isSetup,
  inputs: isTexts,
  until: isUntil,
  timeoutMs: isTime,
  egress: isOneOf('deny', 'allow'),
  lock: isText,
  baseDir: isText,
  root: isText,
  onProgress: isFunction,
};

export const WAIT_SETTINGS: Readonly<Record<string, Judge>> = { timeoutMs: isTime, signal: isSignal };

export const EXEC_SETTINGS: Readonly<Record<string, Judge>> = {
  ...WAIT_SETTINGS,
  app: isText,
  user: (value) => (typeof value === 'string' ? undefined : 'is not a text'),
  workingDirectory: isText,
  env: (value) => (typeof value === 'object' && value !== null ? undefined : 'is not an object of texts'),
};

export const CLONE_SETTINGS: Readonly<Record<string, Judge>> = {
  ...WAIT_SETTINGS,
  until: (value) => (value === false ? undefined : isUntil(value)),
};

/** Throws everything that is wrong at once. An option that is undefined is one that is absent. */
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
