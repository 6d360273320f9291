// The part of stage0 that takes images in, bundled by itself: the library shows it only as a part of run().

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { TOP, Unavailable } from '../workspace.mjs';

const SOURCE = join(TOP, 'stages/stage0/image/resolve.ts');
const BUNDLE = join(TOP, 'dist/bench/image.cjs');

/** `resolveImage(ref, {storeDir, baseDir})`. */
export async function resolveImage() {
  if (!existsSync(SOURCE)) throw new Unavailable('images cannot be resolved yet');
  await build({
    absWorkingDir: TOP,
    entryPoints: [SOURCE],
    outfile: BUNDLE,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20.19',
    external: ['koffi'],
    define: { 'import.meta.filename': '__filename' },
    logLevel: 'warning',
  });
  return (await import(pathToFileURL(BUNDLE).href)).resolveImage;
}
