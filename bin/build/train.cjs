'use strict';

// Runs command lines in one process, then writes the code caches of the packs they loaded, with all functions they compiled:
// train.cjs POD DIST JSON, with POD the path of bin/pod.cjs. Packs whose cache is there already are left alone: the most particular training comes first.

const { existsSync, mkdtempSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const [pod, dist, commandLines] = process.argv.slice(2);
const { loadMain, scripts } = require(pod);

async function train(lines) {
  const main = loadMain();
  const root = mkdtempSync(join(tmpdir(), 'pod-train-'));
  try {
    // What fails here (a plan without a privilege, say) has still compiled the functions it went through.
    for (const line of lines) await main([...line, '--root', root]);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
  process.exitCode = 0;
  for (const [name, script] of scripts) {
    const path = join(dist, `${name}.cache`);
    if (!existsSync(path)) writeFileSync(path, script.createCachedData());
  }
}

void train(JSON.parse(commandLines));
