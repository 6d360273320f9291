// The build step for the command line (packs with their code caches) and the library (dist/index.cjs, dist/index.mjs).

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { digestFiles, filesBelow } from './digest.mjs';
import { buildPacks } from './packs.mjs';

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
  logLevel: 'warning',
};

/** Builds the command line's packs and caches, and the library. */
export async function buildBundle() {
  await buildCommandLine();
  await buildLibrary();
}

export async function buildCommandLine() {
  mkdirSync(dist, { recursive: true });
  const packs = await buildPacks(COMMON, dist);
  for (const pack of packs) rmSync(join(dist, `${pack}.cache`), { force: true });
  trainAll(packs);
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
  });
  const library = createRequire(import.meta.url)(join(dist, 'library.cjs'));
  for (const door of Object.keys(DOORS)) {
    const names = Object.keys(library[door]).toSorted().join(', ');
    writeFileSync(join(dist, `${door}.cjs`), `module.exports = require('./library.cjs').${door};\n`);
    writeFileSync(join(dist, `${door}.mjs`), `import door from './${door}.cjs';\nexport const { ${names} } = door;\n`);
  }
}

/** Command lines whose functions the cache of `pod-quick` should hold. */
const QUICK = [['--help'], ['ps', '--help'], ['ps'], ['ps', '-a', '-o', 'json'], ['inspect', 'none']];

const VALIDATE = [
  ['validate', 'manifests/hello.pod.yaml'],
  ['validate', 'fleet'],
  ['validate', 'wrong.yaml'],
];

/** Real pods, of manifests that train.cjs writes: what is not compiled here is compiled at every start. */
const RUN = [
  ['run', 'ends.yaml'],
  ['run', '--rm', 'ends.yaml'],
  ['run', '-d', 'stays.yaml'],
  ['rm', '--force', 'stays'],
];

/** The second time, from what the first kept: a start that needs no compiler. */
const AGAIN = [
  ['run', '--rm', 'ends.yaml'],
  ['run', '-d', 'stays.yaml'],
  ['rm', '--force', 'stays'],
];

const EXEC = [
  ['exec', 'none', '--', '/bin/true'],
  ['run', '-d', 'stays.yaml'],
  ['exec', 'stays', '--', '/bin/true'],
  ['rm', '--force', 'stays'],
];

const STATUS = [
  ['status', 'none'],
  ['run', '-d', 'stays.yaml'],
  ['status', 'stays'],
  ['status', '-o', 'json', 'stays'],
  ['rm', '--force', 'stays'],
];

const CONTROL = [
  ['stop', 'none'],
  ['run', '-d', 'stays.yaml'],
  ['pause', 'stays'],
  ['resume', 'stays'],
  ['restart', 'stays'],
  ['kill', '-s', 'CONT', 'stays'],
  ['stop', 'stays'],
  ['rm', 'stays'],
  ['run', '-d', 'stays.yaml'],
  ['rm', '--force', 'stays'],
  ['gc', '--grace', '0s'],
];

/** What is worth a cache is the look that finds nothing to do: it is the folder's usual one. */
const APPLY = [['apply', '-f', 'fleet']];
const APPLY_AGAIN = [
  ['apply', '-f', 'fleet'],
  ['apply', '-q', '-f', 'fleet'],
  ['diff', '-f', 'fleet'],
];
const DELETE = [['delete', '-f', 'fleet']];

/** For a build without the privilege to run one: nothing here changes the machine. */
const DRY = [
  ['ps'],
  ['run', '--help'],
  ['validate', 'manifests/hello.pod.yaml'],
  ['plan', 'manifests/hello.pod.yaml', '-o', 'json'],
];

function trainAll(packs) {
  const root = mkdtempSync(join(tmpdir(), 'pod-train-'));
  try {
    trainIn(root, packs);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function trainIn(root, packs) {
  const train = (program, commandLines, trained) => trainOnce(root, program, commandLines, trained);
  train([process.execPath], QUICK, ['pod-quick']);
  train([process.execPath], VALIDATE, ['pod-validate']);
  try {
    // In a network namespace of its own: the bridge the pods make is gone with it.
    const alone = ['unshare', '--net', '--', process.execPath];
    train(alone, RUN, ['pod-run', 'pod-rest']);
    train(alone, AGAIN, ['pod-start']);
    train(alone, EXEC, ['pod-exec']);
    train(alone, STATUS, ['pod-status']);
    train(alone, CONTROL, ['pod-control']);
    train(alone, APPLY, []);
    train(alone, APPLY_AGAIN, ['pod-apply']);
    train(alone, DELETE, []);
  } catch {
    train([process.execPath], DRY, packs);
  }
}

function trainOnce(root, [program, ...args], commandLines, packs) {
  const script = [
    join(top, 'bin/build/train.cjs'),
    join(top, 'bin/pod.cjs'),
    dist,
    JSON.stringify({ root, commandLines, packs }),
  ];
  execFileSync(program, [...args, ...script], {
    cwd: top,
    // The flags a user's environment adds would make V8 reject the cache elsewhere.
    env: { ...process.env, NODE_OPTIONS: '', NODE_EXTRA_CA_CERTS: '' },
    // What the trained verbs complain of is shown only when the training itself fails.
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: 20_000,
  });
}
