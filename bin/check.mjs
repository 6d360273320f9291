#!/usr/bin/env node
// `npm run check [NAME…]`: everything about the sources that needs no pod to run.

import { analyseC, checkCLayout } from './check/c-sources.mjs';
import { checkGenerated } from './check/generated.mjs';
import { checkImports } from './check/imports.mjs';
import { runTool } from './check/tool.mjs';

const LINTED = ['stages', 'bin', 'test', 'bench', 'manifests'];

/** Each returns its problems. */
const CHECKS = {
  generated: checkGenerated,
  types: () => runTool('typescript/bin/tsc', ['--noEmit', '-p', '.']),
  lint: () => runTool('oxlint/bin/oxlint', ['--type-aware', '--deny-warnings', '--format', 'unix', ...LINTED]),
  format: () => runTool('oxfmt/bin/oxfmt', ['--list-different', '.']),
  imports: async () => checkImports(),
  layout: async () => checkCLayout(),
  analyser: analyseC,
};

async function runCheck(name) {
  const startedMs = Date.now();
  const problems = await CHECKS[name]();
  const seconds = ((Date.now() - startedMs) / 1000).toFixed(1);
  if (problems.length === 0) console.log(`ok      ${name} (${seconds} s)`);
  else console.log(`FAILED  ${name} (${seconds} s)\n${problems.join('\n')}\n`);
  return problems.length === 0;
}

async function main(names) {
  const unknown = names.filter((name) => !(name in CHECKS));
  if (unknown.length > 0) throw new Error(`no check "${unknown[0]}"; there are: ${Object.keys(CHECKS).join(', ')}`);
  const wanted = names.length > 0 ? names : Object.keys(CHECKS);
  // First and alone: it may write what the others read.
  const results = wanted.includes('generated') ? [await runCheck('generated')] : [];
  results.push(...(await Promise.all(wanted.filter((name) => name !== 'generated').map(runCheck))));
  const failed = results.filter((ok) => !ok).length;
  console.log(`${results.length - failed} checks passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

await main(process.argv.slice(2));
