// pax(1), "pax Header Block": records of "LENGTH KEY=VALUE\n". LENGTH is the size of the whole record in bytes, so a value may
// contain newlines and NULs.

import { HeaderFault } from './header.ts';

/** The fields of an extended header for the next entry; absent fields keep the plain header's value. */
export interface PaxRecords {
  path?: string;
  linkPath?: string;
  size?: number;
  uid?: number;
  gid?: number;
  mtimeSec?: number;
  mtimeNs?: number;
  xattrs: [string, Buffer][];
  /** GNU.sparse.KEY, by KEY. */
  sparse?: Map<string, string>;
}

const XATTR_PREFIX = 'SCHILY.xattr.';

/** Throws a `HeaderFault` for a malformed record. */
export function parsePax(body: Buffer): PaxRecords {
  const records: PaxRecords = { xattrs: [] };
  let at = 0;
  while (at < body.length && body[at] !== 0) {
    const space = body.indexOf(0x20, at);
    const digits = space < 0 ? '' : body.toString('latin1', at, space);
    const end = /^[1-9][0-9]{0,8}$/.test(digits) ? at + Number(digits) : -1;
    if (end <= space || end > body.length || body[end - 1] !== 0x0a)
      throw new HeaderFault('an extended header has a malformed record');
    const equals = body.indexOf(0x3d, space + 1);
    if (equals < 0 || equals >= end) throw new HeaderFault('an extended header has a record without "="');
    setRecord(records, body.toString('latin1', space + 1, equals), body.subarray(equals + 1, end - 1));
    at = end;
  }
  return records;
}

function setRecord(records: PaxRecords, key: string, value: Buffer): void {
  if (key.startsWith(XATTR_PREFIX)) {
    // Copied, because the value is a view of a buffer that is reused.
    records.xattrs.push([key.slice(XATTR_PREFIX.length), Buffer.from(value)]);
  } else if (key.startsWith('GNU.sparse.')) {
    records.sparse ??= new Map();
    records.sparse.set(key.slice('GNU.sparse.'.length), value.toString('latin1'));
  } else {
    setField(records, key, value.toString('latin1'));
  }
}

/** An empty value resets a field, as POSIX says. */
function setField(records: PaxRecords, key: string, value: string): void {
  if (key === 'path' || key === 'linkpath') {
    if (value.includes('\0')) throw new HeaderFault(`an extended header's ${key} holds a NUL`);
    if (key === 'path') setOrDelete(records, 'path', value || undefined);
    else setOrDelete(records, 'linkPath', value || undefined);
  } else if (key === 'size' || key === 'uid' || key === 'gid') {
    setOrDelete(records, key, value === '' ? undefined : decimal(value, key));
  } else if (key === 'mtime') {
    const time = value === '' ? undefined : parseTime(value);
    setOrDelete(records, 'mtimeSec', time?.[0]);
    setOrDelete(records, 'mtimeNs', time?.[1]);
  }
}

function setOrDelete<K extends Exclude<keyof PaxRecords, 'xattrs'>>(
  records: PaxRecords,
  key: K,
  value: PaxRecords[K] | undefined,
): void {
  if (value === undefined) delete records[key];
  else records[key] = value;
}

/** The real name and size of a sparse file of format 1.0; older formats have their map in the header. */
export function sparseFile(sparse: ReadonlyMap<string, string>): { readonly path: string; readonly size: number } {
  const path = sparse.get('name') ?? '';
  if (sparse.get('major') !== '1' || sparse.get('minor') !== '0' || path === '' || path.includes('\0'))
    throw new HeaderFault('sparse files are supported in format 1.0 only');
  return { path, size: decimal(sparse.get('realsize') ?? '', 'GNU.sparse.realsize') };
}

function decimal(value: string, key: string): number {
  const number = /^[0-9]{1,16}$/.test(value) ? Number(value) : Number.NaN;
  if (!Number.isSafeInteger(number)) throw new HeaderFault(`an extended header's ${key} is not a number in range`);
  return number;
}

/** `-1.25` is 1.25 s before the epoch; nanoseconds count upwards, as in struct timespec. */
function parseTime(value: string): [number, number] {
  const match = /^(-?)([0-9]{1,15})(?:\.([0-9]*))?$/.exec(value);
  if (!match) throw new HeaderFault("an extended header's mtime is not a time");
  const seconds = Number(match[2]);
  const nanoseconds = Number((match[3] ?? '').padEnd(9, '0').slice(0, 9));
  if (match[1] === '') return [seconds, nanoseconds];
  return nanoseconds === 0 ? [-seconds, 0] : [-seconds - 1, 1_000_000_000 - nanoseconds];
}
