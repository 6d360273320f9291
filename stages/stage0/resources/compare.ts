// A control file's value before a write and after it: the same, more, or less

import { parseList } from '../isolators/cpu-list.ts';
import type { CgroupWrite } from '../isolators/isolator.ts';

/**
 * What has to be written to have again what the file held before `write`. A file with a line for each device or resource is put
 * back in the line the write is about; without such a line, by the kernel's word for none.
 */
export function valueBefore(text: string, { key, unset }: CgroupWrite): string {
  const line = lineIn(text, key);
  if (line !== undefined && line !== '') return line;
  // An empty list of processors, which the kernel does not take back (`unset` is what comes to the same).
  return unset ?? (key === undefined ? '\n' : '');
}

function lineIn(text: string, key: string | undefined): string | undefined {
  if (key === undefined) return text.trim();
  const lines = text.split('\n').filter(Boolean);
  return lines.find((line) => line.startsWith(`${key} `)) ?? lines.find((line) => !line.includes(' '));
}

/** The kernel has it already: `8:0 rbps=5 wbps=max …` has `8:0 rbps=5`, `default 100` has `100`. */
export function isInForce(before: string, { value, key }: CgroupWrite): boolean {
  const line = lineIn(before, key);
  if (key === undefined) return line === value.trim();
  const members = line?.split(' ') ?? [];
  return value.split(' ').every((word) => members.includes(word));
}

/** Whether more is allowed afterwards; of two lists, when the new one has all of the old one's. */
export function isWider(before: string, write: CgroupWrite): boolean {
  if (write.isList) return includesAll(numbersIn(write.value), numbersIn(before));
  return amountIn(write.value, write) > amountIn(before, write);
}

/** All numbers of both lists: between two lists of which none has all of the other's. */
export function union(before: string, write: CgroupWrite): string | undefined {
  const [old, wanted] = [numbersIn(before), numbersIn(write.value)];
  if (old.size === 0 || wanted.size === 0 || includesAll(wanted, old) || includesAll(old, wanted)) return undefined;
  return [...new Set([...old, ...wanted])].toSorted((a, b) => a - b).join(',');
}

/** `max`, and version 1's -1, are no limit at all, nor is a line that is not there. */
function amountIn(text: string, { key, value }: CgroupWrite): number {
  const words = lineIn(text, key)?.split(' ');
  const name = /([a-z_]+=)[^ ]*$/.exec(value)?.[1];
  const word =
    name === undefined
      ? words?.[words[0] === key ? 1 : 0]
      : words?.find((each) => each.startsWith(name))?.slice(name.length);
  if (word === undefined || word === 'max' || word === '-1') return Infinity;
  return Number(word) || 0;
}

function numbersIn(list: string): Set<number> {
  return parseList(list.trim());
}

function includesAll(all: ReadonlySet<number>, some: ReadonlySet<number>): boolean {
  return [...some].every((each) => all.has(each));
}
