import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { TOP } from './paths.ts';

/**
 * Compares with the file `path`, from the project's top. UPDATE_GOLDEN=1 writes it instead: read the difference before you
 * commit it, it is the review.
 */
export function assertGolden(path: string, actual: string): void {
  const file = join(TOP, path);
  if (process.env['UPDATE_GOLDEN'] === '1') {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, actual);
  }
  assert.ok(existsSync(file), `${path} is missing: run with UPDATE_GOLDEN=1`);
  assert.equal(actual, readFileSync(file, 'utf8'));
}

/** Bytes as a golden file shows them: offset, then sixteen in hexadecimal. */
export function hexDump(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const hex = Buffer.from(bytes.subarray(at, at + 16))
      .toString('hex')
      .replace(/(..)(?=.)/g, '$1 ');
    lines.push(`${at.toString(16).padStart(5, '0')}  ${hex}`);
  }
  return `${lines.join('\n')}\n`;
}
