import { isFunction, isText, isTime, type Judge, WAIT_SETTINGS } from '../library/check-options.ts';

/** The function must have a text as V8 prints it: its snapshot is stored under a key made from that text. */
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

function isOneOf(...values: readonly unknown[]): Judge {
  const choices = values.map((value) => JSON.stringify(value)).join(' or ');
  return (value) => (values.includes(value) ? undefined : `is ${JSON.stringify(value)}, not ${choices}`);
}

/** Accepts a condition, or a record of conditions by pod name. */
export const isUntil: Judge = (value) => {
  if (typeof value !== 'object' || value === null) return `is ${String(value)}, which is not a condition`;
  if (isCondition(value)) return undefined;
  const wrong = Object.entries(value).find(([, one]) => !isCondition(one));
  return wrong && `has a value for "${wrong[0]}" that is not a condition`;
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

export const CLONE_SETTINGS: Readonly<Record<string, Judge>> = {
  ...WAIT_SETTINGS,
  until: (value) => (value === false ? undefined : isUntil(value)),
};
