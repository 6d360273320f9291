#!/usr/bin/env node
'use strict';

// Loads the command line from its packs (dist/pod-*.cjs, see bin/build/packs.mjs), each through V8's code
// cache: reading and compiling all of our code costs more than most verbs take. A cache of another Node version is rejected by
// V8, and the text is compiled as usual.

// Before all else: to Node, SIGUSR1 means that it is to open a debugger, on a port that every user of the host reaches.
if (require.main === module) process.on('SIGUSR1', () => {});

const { readFileSync } = require('node:fs');
const { Script } = require('node:vm');

const DIST = `${__dirname.slice(0, __dirname.lastIndexOf('/'))}/dist`;

/** Which pack holds what a verb needs; most verbs need little. A wrong guess costs the time to read one more. */
const FIRST = {
  run: 'pod-start',
  exec: 'pod-exec',
  enter: 'pod-exec',
  status: 'pod-status',
  validate: 'pod-validate',
  apply: 'pod-apply',
  diff: 'pod-apply',
};
for (const verb of ['stop', 'kill', 'rm', 'gc', 'restart', 'pause', 'resume']) FIRST[verb] = 'pod-control';

/** Compiled packs by name. */
const scripts = new Map();
const definitions = Object.create(null);
const loaded = Object.create(null);

function readCache(path) {
  try {
    return readFileSync(path);
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'EACCES') return undefined;
    throw error;
  }
}

function loadPack(name) {
  const filename = `${DIST}/${name}.cjs`;
  const script = new Script(readFileSync(filename, 'latin1'), {
    filename,
    cachedData: readCache(`${DIST}/${name}.cache`),
  });
  scripts.set(name, script);
  const members = script.runInThisContext();
  // Several packs may hold a chunk; what runs already stays.
  for (const member in members) definitions[member] ??= members[member];
}

function load(name) {
  const known = loaded[name];
  if (known) return known;
  if (!definitions[name]) loadPack(definitions.packOf()[name]);
  const exports = (loaded[name] = {});
  definitions[name](exports, requireOne, `${DIST}/pod.cjs`);
  return exports;
}

function requireOne(id) {
  return id.startsWith('./') ? load(id.slice(2)) : require(id);
}

/** The first word that is no global flag, and no value of one; main() looks closer. */
function verbOf(argv) {
  let at = 0;
  while (argv[at]?.startsWith('-')) at += /^--(root|color|progress)$/.test(argv[at]) ? 2 : 1;
  return argv[at];
}

function loadMain(argv) {
  loadPack(FIRST[verbOf(argv)] ?? 'pod-quick');
  return load('main.js');
}

async function runMain(argv) {
  const { main, end } = loadMain(argv);
  end(await main(argv));
}

if (require.main === module) void runMain(process.argv.slice(2));
else module.exports = { loadMain, scripts };
