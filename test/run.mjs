#!/usr/bin/env node
// `npm test [PATTERN…]`: prepares the machine, builds, and runs the test files whose path holds every pattern.
// MUST_WORK=1 makes a skipped test a failed one.

import { buildAll } from '../bin/build.mjs';
import { TOP } from '../bin/build/digest.mjs';
import { buildImages, missingImages } from '../manifests/images/build.mjs';
import { buildProbe, bundleTests, selectTests } from './run/bundle.mjs';
import { playFiles } from './run/play.mjs';
import { setUpMachine } from './run/setup.mjs';

const mustWork = process.env.MUST_WORK === '1';
const isRoot = process.getuid() === 0;
const SLOW_FILE_MS = 20_000;

/** Unit tests need neither root nor anything installed. */
function needsHost(file) {
  return !file.startsWith('test/unit/');
}

/** A guest has a kernel of its own. */
function isInGuest(file) {
  return file.startsWith('test/v2/');
}

async function prepare(files) {
  // Unit tests are bundled from the sources, and run even where the rest does not build.
  if (!files.some(needsHost)) return [];
  // First: with a cross compiler, stage1 is built for the other architecture too.
  const missing = setUpMachine();
  await buildAll();
  if (missing.length > 0) return [`packages are missing: apt-get install ${missing.join(' ')}`];
  buildProbe();
  if (!isRoot) return ['tests with real pods need root'];
  buildImages(missingImages());
  return [];
}

async function play(files, obstacles) {
  const bundles = await bundleTests(files);
  const pick = (test) => new Map([...bundles].filter(([file]) => test(file)));
  // Node reads and checks a hundred certificates at every start when this is set.
  delete process.env.NODE_EXTRA_CA_CERTS;
  process.env.NODE_OPTIONS = '--enable-source-maps';
  process.env.POD_TEST_TOP = TOP;
  const canHost = obstacles.length === 0;
  // Guests take the longest: first. They and the unit tests leave the machine alone, and can share it.
  const guests = canHost ? pick(isInGuest) : [];
  const unit = pick((file) => !needsHost(file));
  const apart = await timed('unit tests and guests', () => playFiles(new Map([...guests, ...unit]), 2, showResult));
  if (!canHost) return [...apart, ...files.filter(needsHost).map((file) => skipFile(file, obstacles))];
  // One after another: they count mounts, links and processes of the whole machine.
  const rest = pick((file) => needsHost(file) && !isInGuest(file));
  return [...apart, ...(await timed('tests with real pods', () => playFiles(rest, 1, showResult)))];
}

/** Says what takes the time of a run. */
async function timed(what, work) {
  const startMs = Date.now();
  const results = await work();
  const seconds = Math.round((Date.now() - startMs) / 1000);
  if (seconds >= SLOW_FILE_MS / 1000) console.log(`${what}: ${results.length} files in ${seconds} s\n`);
  return results;
}

function skipFile(file, obstacles) {
  const result = {
    file,
    passed: 0,
    failures: [],
    skips: [{ name: 'the whole file', text: obstacles.join('; ') }],
    ms: 0,
  };
  showResult(result);
  return result;
}

function showResult({ file, failures, skips, ms }) {
  const show = (kind, { name, text }) =>
    console.log(`${kind} ${file}: ${name}\n    ${text.replaceAll('\n', '\n    ')}\n`);
  for (const skip of skips) show(mustWork ? 'FAILED (skipped)' : 'skipped', skip);
  for (const failure of failures) show('FAILED', failure);
  if (ms > SLOW_FILE_MS) console.log(`slow: ${file} took ${(ms / 1000).toFixed(1)} s\n`);
}

/** The closing line. True when nothing failed. */
function report(results) {
  const count = (pick) => results.reduce((sum, result) => sum + pick(result), 0);
  const skipped = count(({ skips }) => skips.length);
  const failed = count(({ failures }) => failures.length) + (mustWork ? skipped : 0);
  const suffix = mustWork || skipped === 0 ? '' : `, ${skipped} skipped`;
  console.log(`${count(({ passed }) => passed)} passed, ${failed} failed${suffix}`);
  return failed === 0;
}

const patterns = process.argv.slice(2);
const files = selectTests(patterns);
if (files.length === 0)
  throw new Error(
    `no test file matches ${patterns.map((pattern) => JSON.stringify(pattern)).join(' ') || 'test/**/*.test.ts'}`,
  );
process.exitCode = report(await play(files, await prepare(files))) ? 0 : 1;
