// The command line as packs: files of CommonJS modules that bin/pod.cjs loads whole. esbuild splits the code at dynamic imports
// into a hundred chunks; reading so many files would cost as much as reading all of the code at once, so they are put together
// by which verbs need them.

import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build, transform } from 'esbuild';

/**
 * Pack name → sources whose code, with all they import, goes into it. A chunk is in the first pack that wants it. `pod` is loaded
 * by every command, so it has what the quick verbs need and nothing else.
 */
const PACKS = {
  pod: [
    'cli/main.ts',
    'cli/help.ts',
    'cli/report.ts',
    ...['ps', 'status', 'inspect', 'logs', 'wait', 'stop', 'kill', 'cat-manifest', 'version', 'help'].map(
      (name) => `cli/verbs/${name}.ts`,
    ),
  ].map((path) => `stages/stage0/${path}`),
  // Before `pod-run`: what both need is here, and exec needs none of the planner.
  'pod-exec': ['cli/verbs/exec.ts', 'cli/exec-session.ts', 'launch/exec.ts', 'launch/control.ts'].map(
    (path) => `stages/stage0/${path}`,
  ),
  'pod-run': [
    'cli/verbs/run.ts',
    'cli/verbs/plan.ts',
    'cli/verbs/validate.ts',
    'manifest/parse.ts',
    'launch/run.ts',
    'launch/plan.ts',
    'gc/remove.ts',
  ].map((path) => `stages/stage0/${path}`),
  'pod-rest': [],
};

/** What `import.meta.url`, which CommonJS has not, is written as. */
const FILE_URL = '__podFileUrl';

/** Builds dist/<pack>.cjs for every pack; the result is their names. */
export async function buildPacks(options, dist) {
  const { metafile, outputFiles } = await build({
    ...options,
    define: { 'import.meta.url': FILE_URL },
    entryPoints: { main: 'stages/stage0/cli/main.ts' },
    format: 'esm',
    splitting: true,
    outdir: dist,
    chunkNames: '[name]-[hash]',
    metafile: true,
    write: false,
  });
  const chunks = new Map(outputFiles.map((file) => [basename(file.path), file.text]));
  const packOf = assignPacks(chunksOf(metafile), [...chunks.keys()]);
  for (const pack of Object.keys(PACKS)) {
    const names = [...chunks.keys()].filter((name) => packOf[name] === pack);
    const members = await Promise.all(names.map(async (name) => toMember(name, chunks.get(name))));
    if (pack === 'pod') members.push(`"packOf": function () { return ${JSON.stringify(packOf)}; }`);
    writeFileSync(join(dist, `${pack}.cjs`), `({\n${members.join(',\n')}\n})\n`);
  }
  return Object.keys(PACKS);
}

/** One chunk as a function of the object literal that is the pack. */
async function toMember(name, text) {
  const { code } = await transform(text, {
    format: 'cjs',
    platform: 'node',
    target: 'node20.19',
    // A script loaded through a code cache has no dynamic import of its own; `require` is as lazy.
    supported: { 'dynamic-import': false },
    legalComments: 'none',
    charset: 'ascii',
    // Half as much to read at every start; names stay, for stack traces.
    minifyWhitespace: true,
  });
  const url = text.includes(FILE_URL)
    ? `const ${FILE_URL} = require('node:url').pathToFileURL(__filename).href;\n`
    : '';
  return `${JSON.stringify(name)}: function (module, exports, require, __filename) {\n${url}${code}}`;
}

/** Chunks by the source they are the entry of, and each chunk's static imports. */
function chunksOf({ outputs }) {
  const entries = new Map();
  const imports = new Map();
  for (const [path, output] of Object.entries(outputs)) {
    if (output.entryPoint) entries.set(output.entryPoint, basename(path));
    const needed = output.imports.filter((one) => one.kind === 'import-statement' && !one.external);
    imports.set(
      basename(path),
      needed.map((one) => basename(one.path)),
    );
  }
  return { entries, imports };
}

function assignPacks({ entries, imports }, names) {
  const packOf = {};
  const assign = (name, pack) => {
    if (packOf[name] !== undefined) return;
    packOf[name] = pack;
    for (const needed of imports.get(name)) assign(needed, pack);
  };
  for (const [pack, sources] of Object.entries(PACKS)) {
    for (const source of sources) {
      // A source may be part of its importer's chunk, when nobody else imports it.
      const name = entries.get(source);
      if (name !== undefined) assign(name, pack);
    }
  }
  for (const name of names) packOf[name] ??= 'pod-rest';
  return packOf;
}
