import type { InForce, InForceSource } from './isolator.ts';

/** Version 1 says "no limit" with a number near 2^63, rounded to pages, or with -1. */
const UNLIMITED_FROM = 2 ** 62;

/** A number, or the kernel's ways to say that there is no limit. */
export function boundOf(text: string | undefined): number | 'max' | undefined {
  if (text === undefined) return undefined;
  const word = text.trim();
  if (word === 'max' || word === 'unlimited' || word === '-1') return 'max';
  const value = Number(word);
  if (word === '' || Number.isNaN(value)) return undefined;
  return value >= UNLIMITED_FROM ? 'max' : value;
}

/** Nothing, when the kernel has none of it. */
export function unlessEmpty(inForce: InForce): InForce | undefined {
  return Object.values(inForce).some((value) => value !== undefined) ? inForce : undefined;
}

/** The value of a line `Name:  value` of /proc/PID/status. */
export function statusField({ proc }: InForceSource, name: string): string | undefined {
  const label = `${name}:`;
  const line = proc('status')
    ?.split('\n')
    .find((each) => each.startsWith(label));
  return line?.slice(label.length).trim();
}

export function isOne(text: string | undefined): boolean | undefined {
  return text === undefined ? undefined : text === '1';
}

/** The lines of a file that has one a device or resource, without those that say nothing. */
export function linesOf(text: string | undefined): string[] | undefined {
  return text?.split('\n').filter(Boolean);
}
