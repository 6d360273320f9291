import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

/** A directory for the tests of one file. */
export function useScratch(): string {
  const dir = mkdtempSync(join(tmpdir(), 'pod-unit-'));
  after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

export const UUID_A = '11111111-1111-4111-8111-111111111111';
export const UUID_B = '11111111-2222-4222-8222-222222222222';
export const UUID_C = 'cafe0000-3333-4333-8333-333333333333';
