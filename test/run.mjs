#!/usr/bin/env node
// `npm test [PATTERN…]`: prepares the machine, builds, and runs the test files whose path holds every pattern.
// MUST_WORK=1 makes a skipped test a failed one.

import { relative } from 'node:path';
import { buildAll } from '../bin/build.mjs';
import { TOP } from '../bin/build/digest.mjs';
import { buildImages, missingImages } from '../manifests/images/build.mjs';
import { buildProbe, bundleTests, selectTests } from './run/bundle.mjs';
import { playFiles } from './run/play.mjs';
import { setUpMachine } from './run/setup.mjs';

const mustWork = process.env.MUST_WORK === '1';
const isRoot = process.getuid() === 0;

/** Unit tests need neither root nor anything installed. */
function needsHost(file) {
  return !file.startsWith('test/unit/');
}

async function prepare(files) {
  // Unit tests are bundled from the sources, and run even where the rest does not build.
  if (!files.some(needsHost)) return [];
  await buildAll();
  const missing = setUpMachine();
  if (missing.length > 0) return [`packages are missing: apt-get install ${missing.join(' ')}`];
  buildProbe();
  if (!isRoot) return ['tests with real pods need root'];
  buildImages(missingImages());
  return [];
}

async function play(files, obstacles) {
  const bundles = await bundleTests(files);
  const pick = (test) => files.filter(test).map((file) => bundles.get(file));
  // Node reads and checks a hundred certificates at every start when this is set.
  delete process.env.NODE_EXTRA_CA_CERTS;
  process.env.NODE_OPTIONS = '--enable-source-maps';
  process.env.POD_TEST_TOP = TOP;
  const unit = await playFiles(
    pick((file) => !needsHost(file)),
    2,
  );
  const hostFiles = files.filter(needsHost);
  if (obstacles.length > 0) {
    const skips = hostFiles.map((file) => ({ name: 'all tests of the file', file, text: obstacles.join('; ') }));
    return [unit, { passed: 0, failures: [], skips }];
  }
  // One after another: they count mounts, links and processes of the whole machine.
  return [
    unit,
    await playFiles(
      hostFiles.map((file) => bundles.get(file)),
      1,
    ),
  ];
}

function show(kind, { name, file, text }) {
  const place = file
    ? relative(TOP, file)
        .replace(/^dist\/test\//, '')
        .replace(/\.cjs$/, '.ts')
    : '';
  console.log(`${kind} ${place}: ${name}\n    ${text.replaceAll('\n', '\n    ')}\n`);
}

function report(results) {
  const passed = results.reduce((sum, result) => sum + result.passed, 0);
  const skips = results.flatMap((result) => result.skips);
  const failures = results.flatMap((result) => result.failures);
  for (const skip of skips) show(mustWork ? 'FAILED (skipped)' : 'skipped', skip);
  for (const failure of failures) show('FAILED', failure);
  const failed = failures.length + (mustWork ? skips.length : 0);
  const skipped = mustWork || skips.length === 0 ? '' : `, ${skips.length} skipped`;
  console.log(`${passed} passed, ${failed} failed${skipped}`);
  return failed === 0;
}

const patterns = process.argv.slice(2);
const files = selectTests(patterns);
if (files.length === 0)
  throw new Error(
    `no test file matches ${patterns.map((pattern) => JSON.stringify(pattern)).join(' ') || 'test/**/*.test.ts'}`,
  );
process.exitCode = report(await play(files, await prepare(files))) ? 0 : 1;
