'use strict';

// Runs command lines in one process, then writes the code cache of all functions they compiled: train.cjs CACHE JSON

const { mkdtempSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const { tmpdir } = require('node:os');
const { dirname, join, resolve } = require('node:path');
const { Script } = require('node:vm');

async function train(cacheFile, commandLines) {
  const filename = resolve(__dirname, '../../dist/pod.cjs');
  const script = new Script(readFileSync(filename, 'latin1'), { filename });
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createRequire(filename), module, filename, dirname(filename));
  const root = mkdtempSync(join(tmpdir(), 'pod-train-'));
  try {
    // What fails here (a plan without a privilege, say) has still compiled the functions it went through.
    for (const line of commandLines) await module.exports.main([...line, '--root', root]);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
  process.exitCode = 0;
  writeFileSync(cacheFile, script.createCachedData());
}

train(process.argv[2], JSON.parse(process.argv[3]));
