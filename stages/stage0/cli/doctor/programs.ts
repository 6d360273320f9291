import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import zlib from 'node:zlib';
import { PodError } from '../../error.ts';
import { distDir } from '../../launch/dist.ts';
import { stage1Path } from '../../../stage1/monitor.ts';
import type { Check, Finding } from './check.ts';

export const PROGRAM_CHECKS: readonly Check[] = [
  { name: 'stage1', run: checkStage1 },
  { name: 'zstd layers', run: checkZstd },
];

/** The static binary that is PID 1 of pods; it comes built, so a compiler is needed only to change it. */
function checkStage1(): Finding {
  try {
    const path = stage1Path(distDir());
    accessSync(path, constants.X_OK);
    return { status: 'OK', detail: path };
  } catch (error) {
    const remedy = error instanceof PodError ? error.hint : undefined;
    return { status: 'missing', detail: (error as Error).message, remedy: remedy ?? 'install pod again' };
  }
}

function checkZstd(): Finding {
  if ('createZstdDecompress' in zlib) return { status: 'OK', detail: 'unpacked by Node' };
  const { error } = spawnSync('zstd', ['--version']);
  if (!error) return { status: 'OK', detail: 'unpacked by the zstd program' };
  return {
    status: 'limited',
    detail: 'images with zstd layers cannot be unpacked',
    remedy: 'install zstd, or use Node 22.15 or later',
  };
}
