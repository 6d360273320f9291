// The build step for the command line (dist/pod.cjs with its code caches) and the library (dist/index.{cjs,mjs}).

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const top = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const dist = join(top, 'dist');

/** `import.meta.url` is empty in CommonJS: the sources' use of it is answered with the bundle's own URL. */
const IMPORT_META = `const __importMetaUrl = require('node:url').pathToFileURL(__filename).href;`;

const COMMON = {
  absWorkingDir: top,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20.19',
  // koffi is native code with a loader of its own; everything else is inside, because one file loads faster than fifty.
  external: ['koffi'],
  minifySyntax: true,
  legalComments: 'none',
  charset: 'ascii',
  define: { 'import.meta.url': '__importMetaUrl' },
  // A script loaded through a code cache has no dynamic import of its own; `require` is as lazy.
  supported: { 'dynamic-import': false },
  logLevel: 'warning',
};

/** Builds dist/pod.cjs, its two code caches, dist/index.cjs and dist/index.mjs. */
export async function buildBundle() {
  await buildCli();
  await buildLibrary();
  buildCaches();
}

async function buildCli() {
  await build({
    ...COMMON,
    entryPoints: ['stages/stage0/cli/main.ts'],
    outfile: 'dist/pod.cjs',
    // The whole text is one function expression, which is what bin/pod.cjs calls.
    banner: { js: `(function (exports, require, module, __filename, __dirname) { ${IMPORT_META}` },
    footer: { js: '})' },
  });
}

async function buildLibrary() {
  await build({
    ...COMMON,
    entryPoints: ['stages/stage0/index.ts'],
    outfile: 'dist/index.cjs',
    banner: { js: IMPORT_META },
  });
  const names = Object.keys(createRequire(import.meta.url)(join(dist, 'index.cjs'))).filter((name) => name !== '__esModule');
  const lines = [`import library from './index.cjs';`, `export const { ${names.toSorted().join(', ')} } = library;`, ''];
  writeFileSync(join(dist, 'index.mjs'), lines.join('\n'));
}

/** Command lines whose functions the caches should hold; none of them changes the machine. */
const TRAINING = {
  'pod.cache': [['--help'], ['ps', '--help'], ['ps', '-a'], ['ps', '-a', '-o', 'json']],
  'pod.run.cache': [['run', '--help'], ['validate', 'manifests/hello.pod.yaml'], ['plan', 'manifests/hello.pod.yaml', '-o', 'json']],
};

function buildCaches() {
  for (const [name, commandLines] of Object.entries(TRAINING)) {
    execFileSync(process.execPath, [join(top, 'bin/build/train.cjs'), join(dist, name), JSON.stringify(commandLines)], {
      cwd: top,
      // The flags a user's environment adds would make V8 reject the cache elsewhere.
      env: { ...process.env, NODE_OPTIONS: '', NODE_EXTRA_CA_CERTS: '' },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }
}
