// RFC 6901 JSON Pointers: how places inside a manifest are named between the checks.

import { shorten } from './show.ts';

/** `pointer/key`, with the key escaped. */
export function join(pointer: string, key: string | number): string {
  if (typeof key === 'number') return `${pointer}/${key}`;
  return `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/** The keys of a pointer, unescaped; none for the root, ``. */
export function segments(pointer: string): string[] {
  if (pointer === '') return [];
  return pointer
    .slice(1)
    .split('/')
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** As a person reads it: `apps[0].env.TZ`, `isolators["resource/cpu"]`; the root is `the manifest`. */
export function describePointer(pointer: string): string {
  let shown = '';
  for (const segment of segments(pointer)) {
    if (/^(0|[1-9][0-9]*)$/.test(segment)) shown += `[${segment}]`;
    else if (/^[A-Za-z_][A-Za-z0-9_-]*$/.test(segment)) shown += shown === '' ? segment : `.${segment}`;
    else shown += `[${JSON.stringify(shorten(segment))}]`;
  }
  return shown === '' ? 'the manifest' : shown;
}
