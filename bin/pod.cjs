#!/usr/bin/env node
'use strict';

// Loads the command line from its packs (dist/pod.cjs and others beside it, see bin/build/packs.mjs), each through V8's code
// cache: reading and compiling all of our code costs more than most verbs take. A cache of another Node version is rejected by
// V8, and the text is compiled as usual.

const { readFileSync } = require('node:fs');
const { Script } = require('node:vm');

const DIST = `${__dirname.slice(0, __dirname.lastIndexOf('/'))}/dist`;

/** Compiled packs by name. */
const scripts = new Map();
const definitions = Object.create(null);
const loaded = Object.create(null);
let packOf;

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
  Object.assign(definitions, script.runInThisContext());
}

function load(name) {
  const known = loaded[name];
  if (known) return known.exports;
  if (!definitions[name]) loadPack(packOf[name]);
  const module = { exports: {} };
  loaded[name] = module;
  definitions[name](module, module.exports, requireOne, `${DIST}/pod.cjs`);
  return module.exports;
}

function requireOne(id) {
  return id.startsWith('./') ? load(id.slice(2)) : require(id);
}

function loadMain() {
  loadPack('pod');
  packOf = definitions.packOf();
  return load('main.js').main;
}

// All output is written by then; what a pod in the background still has open must not keep us.
if (require.main === module) loadMain()(process.argv.slice(2)).then(() => process.exit());
else module.exports = { loadMain, scripts };
