'use strict';

// The library (dist/library.cjs), through V8's code cache: to compile two megabytes takes longer than a pod, and every file of
// tests that imports it would pay for it. A cache of another Node version is rejected by V8, and the text is compiled as usual.

const { readFileSync } = require('node:fs');
const { Script, runInThisContext } = require('node:vm');

const DIST = `${__dirname.slice(0, __dirname.lastIndexOf('/'))}/dist`;
const FILE = `${DIST}/library.cjs`;

function readCache() {
  try {
    return readFileSync(`${DIST}/library.cache`);
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'EACCES') return undefined;
    throw error;
  }
}

function load() {
  // Test runners that have contexts of their own (jest) would get values of another one's classes.
  if (runInThisContext('globalThis') !== globalThis) return { library: require(FILE) };
  const text = readFileSync(FILE, 'latin1');
  const script = new Script(`(function (exports, require, module, __filename, __dirname) {${text}\n})`, {
    filename: FILE,
    cachedData: readCache(),
  });
  const module = { exports: {} };
  script.runInThisContext()(module.exports, require, module, FILE, DIST);
  return { library: module.exports, script };
}

/** `library`: what each of the package's doors exports; `script`: for who makes the cache. */
module.exports = load();
