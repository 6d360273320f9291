// The command line as packs: files of modules that bin/pod.cjs loads whole. esbuild splits the code at dynamic imports into a
// hundred chunks; reading so many files would cost as much as reading all of the code at once, so they are put together by which
// verbs need them.

import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build, transform } from 'esbuild';

const from = (paths) => paths.map((path) => `stages/stage0/${path}`);
const MAIN = 'cli/main.ts';

/**
 * Packs that are the first to be loaded: each holds all that its sources need, with the main function, so that one file is
 * enough. A chunk that several want stands in each of them; only one of them is ever evaluated.
 */
const FIRST = {
  // What a start needs that was compiled before.
  'pod-start': from([MAIN, 'cli/verbs/run.ts', 'launch/run-file.ts', 'pod/logs.ts', 'gc/remove.ts']),
  'pod-exec': from([MAIN, 'cli/verbs/exec.ts', 'launch/exec.ts']),
  'pod-quick': from([
    MAIN,
    'cli/help.ts',
    'cli/report.ts',
    ...['ps', 'inspect', 'logs', 'wait', 'cat-manifest', 'version', 'help'].map((name) => `cli/verbs/${name}.ts`),
  ]),
};

/** What no first pack holds, by what is wanted together; the rest is in `pod-rest`. */
const LATER = {
  'pod-run': from([
    'cli/verbs/plan.ts',
    'manifest/parse.ts',
    'launch/compile-file.ts',
    'launch/plan.ts',
    'launch/give-back.ts',
    'launch/failure.ts',
    'launch/control.ts',
  ]),
  'pod-rest': [],
};

/** First packs too, but of verbs that need much of what others load later: those find it in their own packs. */
const ALONE = {
  'pod-validate': from([
    MAIN,
    'cli/report.ts',
    'cli/verbs/validate.ts',
    'manifest/parse.ts',
    'manifest/render-data.ts',
    'isolators/judge.ts',
  ]),
  'pod-apply': from([MAIN, 'cli/report.ts', 'cli/verbs/apply.ts', 'cli/verbs/diff.ts']),
  'pod-control': [
    ...from([
      MAIN,
      'cli/report.ts',
      'launch/control.ts',
      'launch/pause.ts',
      'gc/remove.ts',
      'gc/bury.ts',
      'image/store.ts',
    ]),
    ...from(['undo', 'bridge', 'bridge-config', 'host-routes'].map((name) => `network/${name}.ts`)),
    ...from(['stop', 'kill', 'rm', 'gc', 'restart', 'pause', 'resume'].map((name) => `cli/verbs/${name}.ts`)),
    'stages/stage1/socket-transport.ts',
  ],
  'pod-status': from([MAIN, 'cli/report.ts', 'cli/verbs/status.ts', 'resources/in-force.ts', 'cli/resource-tables.ts']),
};

/** Builds dist/<pack>.cjs for every pack; the result is their names. */
export async function buildPacks(options, dist) {
  const { metafile, outputFiles } = await build({
    ...options,
    entryPoints: { main: `stages/stage0/${MAIN}` },
    format: 'esm',
    splitting: true,
    outdir: dist,
    chunkNames: '[name]-[hash]',
    metafile: true,
    write: false,
  });
  const chunks = new Map(outputFiles.map((file) => [basename(file.path), file.text]));
  const packs = assignPacks(chunksOf(metafile), [...chunks.keys()]);
  // Where a chunk is looked for that no loaded pack holds.
  const packOf = Object.fromEntries(
    [...packs].toReversed().flatMap(([pack, names]) => names.map((name) => [name, pack])),
  );
  for (const [pack, names] of packs) {
    const members = await Promise.all(names.map(async (name) => toMember(name, chunks.get(name))));
    if (pack in FIRST || pack in ALONE) members.push(`"packOf": function () { return ${JSON.stringify(packOf)}; }`);
    writeFileSync(join(dist, `${pack}.cjs`), `({\n${members.join(',\n')}\n})\n`);
  }
  return [...packs.keys()];
}

/** One chunk as a function of the object literal that is the pack. */
async function toMember(name, text) {
  const { code } = await transform(await toScript(name, text), {
    platform: 'node',
    target: 'node20.19',
    legalComments: 'none',
    charset: 'ascii',
    // Half as much to read at every start; names stay, for stack traces.
    minifyWhitespace: true,
    lineLimit: 120,
  });
  return `${JSON.stringify(name)}: function (exports, require, __filename) {\n${code}}`;
}

const NAMES = /^([\w$]+)(?: as ([\w$]+))?$/;

/** `a, b as c` as members of an object pattern or literal. */
function members(list, write) {
  return list
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean)
    .map((part) => {
      const [, name, alias = name] = NAMES.exec(part) ?? [];
      if (name === undefined) throw new Error(`"${part}" is not a name esbuild gives`);
      return write(name, alias);
    })
    .join(', ');
}

/**
 * esbuild's own way to CommonJS puts two getters before every name, which costs a process that ends soon more than what it calls.
 * Chunks are evaluated in order, have no circles and export no variable that changes (the first two esbuild and the linter see
 * to, the third is checked here), so plain values do.
 */
async function toScript(name, text) {
  const script = text
    .replaceAll(/^import \{([^}]*)\} from "([^"]+)";$/gm, (_, list, id) => {
      return `const { ${members(list, (own, local) => (own === local ? own : `${own}: ${local}`))} } = require("${id}");`;
    })
    .replaceAll(/^import (?:\* as )?([\w$]+) from ("node:[^"]+");$/gm, 'const $1 = require($2);')
    .replaceAll(/^import ("[^"]+");$/gm, 'require($1);')
    .replaceAll(/^export \{([^}]*)\};$/gm, (_, list) => {
      return members(list, (local, own) => `exports.${own} = ${local}`).replaceAll(', ', ';\n') + ';';
    })
    .replaceAll(/^export default (.*);$/gm, 'exports.default = $1;')
    .replaceAll(/\bimport\(("(?:\.\/|node:)[^"]+")\)/g, 'Promise.resolve().then(() => require($1))');
  const rest = /^(?:import|export)\b.*|\bimport\(.*/m.exec(script);
  if (rest) throw new Error(`${name}: cannot turn "${rest[0].slice(0, 80)}" into a script`);
  await refuseVariables(name, script);
  return script;
}

export { toScript };

/**
 * An export that is assigned to after the end of its module would be seen by nobody. esbuild writes every top-level variable as
 * `var`; with constants in their place it warns of each that is assigned to. That some have no value then is of no interest.
 */
async function refuseVariables(name, script) {
  const constants = script.replaceAll(/^(?:var|let) /gm, 'const ');
  const { warnings } = await transform(constants, { logLevel: 'silent', logLimit: 0 }).catch((failure) => failure);
  const changing = warnings.filter(({ id }) => id === 'assign-to-constant').map(({ text }) => /"(.+)"/.exec(text)[1]);
  for (const [, own, local] of script.matchAll(/^exports\.([\w$]+) = ([\w$]+);$/gm)) {
    if (changing.includes(local)) throw new Error(`${name}: exports the variable "${own}", which changes`);
  }
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

/** Chunks of sources, with all they import. */
function chunksWanted(sources, { entries, imports }) {
  const wanted = new Set();
  const want = (name) => {
    if (wanted.has(name)) return;
    for (const needed of imports.get(name)) want(needed);
    wanted.add(name);
  };
  // A source may be part of its importer's chunk, when nobody else imports it.
  for (const name of sources.map((source) => entries.get(source))) if (name !== undefined) want(name);
  return [...wanted];
}

/** Pack → names of its chunks. */
function assignPacks(graph, names) {
  const packs = new Map(Object.entries(FIRST).map(([pack, sources]) => [pack, chunksWanted(sources, graph)]));
  const taken = new Set([...packs.values()].flat());
  for (const [pack, sources] of Object.entries(LATER)) {
    const wanted = pack === 'pod-rest' ? names : chunksWanted(sources, graph);
    packs.set(
      pack,
      wanted.filter((name) => !taken.has(name)),
    );
    for (const name of wanted) taken.add(name);
  }
  for (const [pack, sources] of Object.entries(ALONE)) packs.set(pack, chunksWanted(sources, graph));
  return packs;
}
