import assert from 'node:assert/strict';
import { PodError } from '../../../../../stages/stage0/error.ts';
import type { TarEntry } from '../../../../../stages/stage0/image/tar/entry.ts';
import { TarReader } from '../../../../../stages/stage0/image/tar/reader.ts';

export interface Read {
  readonly entry: TarEntry;
  readonly content: string;
}

export function read(bytes: Buffer, pieceBytes: number = bytes.length): Read[] {
  const result: Read[] = [];
  let entry: TarEntry | undefined;
  let parts: Buffer[] = [];
  const sink = {
    begin: (begun: TarEntry) => ((entry = begun), (parts = [])),
    data: (chunk: Uint8Array) => parts.push(Buffer.from(chunk)),
    end: () => result.push({ entry: entry!, content: Buffer.concat(parts).toString('latin1') }),
  };
  const reader = new TarReader('"fixture"', sink, { maxEntries: 100, maxMetaBytes: 4096 });
  for (let at = 0; at < bytes.length; at += pieceBytes) reader.write(bytes.subarray(at, at + pieceBytes));
  reader.finish();
  return result;
}

export function refused(bytes: Buffer, code: string): void {
  assert.throws(
    () => read(bytes),
    (error) => error instanceof PodError && error.code === code,
  );
}
