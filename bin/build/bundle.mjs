// The build step for the command line (packs with their code caches) and the library (dist/index.cjs, dist/index.mjs).

import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { digestFiles, filesBelow } from './digest.mjs';
import { buildPacks } from './packs.mjs';
import { trainLibrary, trainPacks } from './train.mjs';

const top = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const dist = join(top, 'dist');

/** By it the launcher knows what another version of it has kept. */
const BUILD = digestFiles(filesBelow(join(top, 'stages'), ['.ts', '.c', '.h']), [process.version]);

const COMMON = {
  absWorkingDir: top,
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  // koffi is native code with a loader of its own; everything else is inside, because one file loads faster than fifty.
  external: ['koffi'],
  // Empty in CommonJS, and none in a script, otherwise.
  define: { __POD_BUILD__: JSON.stringify(BUILD), 'import.meta.filename': '__filename' },
  minifySyntax: true,
  legalComments: 'none',
  charset: 'ascii',
  // Node shows the whole line that threw what nobody caught, and so do test runners.
  lineLimit: 120,
  logLevel: 'warning',
};

/** Builds the command line's packs and caches, and the library. */
export async function buildBundle() {
  await buildCommandLine();
  await buildLibrary();
}

export async function buildCommandLine() {
  mkdirSync(dist, { recursive: true });
  trainPacks(dist, await buildPacks(COMMON, dist));
}

/** `pod` and `pod/test` are two doors into one bundle, so that what one makes the other knows. */
const DOORS = { index: 'stages/stage0/index.ts', test: 'stages/stage0/test.ts' };

async function buildLibrary() {
  const contents = Object.entries(DOORS).map(([door, path]) => `export * as ${door} from './${path}';`);
  await build({
    ...COMMON,
    format: 'cjs',
    stdin: { contents: contents.join('\n'), resolveDir: top, loader: 'ts' },
    outfile: 'dist/library.cjs',
    // Without comments and their letters: one that is not ASCII doubles what V8 has to read.
    minifyWhitespace: true,
    // A script of our own has no loader for import().
    supported: { 'dynamic-import': false },
  });
  const library = createRequire(import.meta.url)(join(dist, 'library.cjs'));
  for (const door of Object.keys(DOORS)) {
    const names = Object.keys(library[door]).toSorted().join(', ');
    writeFileSync(join(dist, `${door}.cjs`), `module.exports = require('../bin/library.cjs').library.${door};\n`);
    writeFileSync(join(dist, `${door}.mjs`), `import door from './${door}.cjs';\nexport const { ${names} } = door;\n`);
  }
  trainLibrary(dist);
}
