#!/usr/bin/env node
'use strict';

// Loads dist/pod.cjs through V8's code cache. Compiling the bundle's text costs more than most verbs take; the cache holds
// the functions that the common verbs run, already compiled. A cache of another Node version is rejected by V8, and the
// text is compiled as usual.

const { readFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const { dirname, resolve } = require('node:path');
const { Script } = require('node:vm');

// Verbs that read manifests run far more code than the rest; a cache of their own keeps the others' small.
const LAUNCH_VERBS = new Set(['run', 'plan', 'validate', 'prepare']);

function readCache(path) {
  try {
    return readFileSync(path);
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'EACCES') return undefined;
    throw error;
  }
}

function loadBundle(verb) {
  const filename = resolve(__dirname, '../dist/pod.cjs');
  const text = readFileSync(filename, 'latin1');
  const cachedData = readCache(resolve(dirname(filename), LAUNCH_VERBS.has(verb) ? 'pod.run.cache' : 'pod.cache'));
  const script = new Script(text, { filename, cachedData });
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createRequire(filename), module, filename, dirname(filename));
  return module.exports;
}

loadBundle(process.argv[2]).main(process.argv.slice(2));
