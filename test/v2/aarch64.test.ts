import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { TOP } from '../harness/paths.ts';

const EMULATOR = '/usr/bin/qemu-aarch64-static';
const STAGE1 = join(TOP, 'dist/stage1-aarch64');
/** state.h, EXIT_POD_FAILED */
const EXIT_POD_FAILED = 125;

function findObstacle(): string | undefined {
  if (!existsSync(STAGE1)) return 'not built: apt-get install gcc-aarch64-linux-gnu';
  return existsSync(EMULATOR) ? undefined : 'not installed: apt-get install qemu-user-static';
}

test('stage1 for aarch64 starts, and ends when it is handed nothing', { skip: findObstacle() ?? false }, () => {
  const { status, signal, stderr } = spawnSync(EMULATOR, [STAGE1], {
    stdio: ['ignore', 'pipe', 'pipe', 'ignore'],
    encoding: 'utf8',
    timeout: 60_000,
  });
  assert.deepEqual([status, signal, stderr], [EXIT_POD_FAILED, null, '']);
});
