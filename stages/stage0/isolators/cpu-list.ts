// cpuset(7), "List format": 0-3,8 and the like, of processors and of memory nodes

import { PodError, type Position } from '../error.ts';

export const LIST_PATTERN = '^[0-9]{1,4}(-[0-9]{1,4})?(,[0-9]{1,4}(-[0-9]{1,4})?)*$';

/** The numbers of a list. Throws at `at` when a range runs backwards. */
export function parseList(text: string, at?: Position): Set<number> {
  const numbers = new Set<number>();
  for (const part of text.split(',').filter(Boolean)) {
    const [first, last = first] = part.split('-').map(Number) as [number, number?];
    if (first > last)
      throw new PodError('manifest/schema', `read a list of numbers: the range "${part}" is reversed`, {
        at,
        hint: `did you mean "${last}-${first}"?`,
      });
    for (let each = first; each <= last; each++) numbers.add(each);
  }
  return numbers;
}

/** Members of `wanted` that `offered` lacks, in the kernel's words. */
export function missingFrom(wanted: ReadonlySet<number>, offered: ReadonlySet<number>): string {
  const missing = [...wanted].filter((each) => !offered.has(each)).toSorted((a, b) => a - b);
  const first = missing.filter((each, index) => each !== missing[index - 1]! + 1);
  const last = missing.filter((each, index) => each + 1 !== missing[index + 1]);
  return first.map((each, index) => (each === last[index] ? `${each}` : `${each}-${last[index]}`)).join(',');
}
