#!/usr/bin/env node
// `npm run bench -- [--rounds N] [--keep NAME] [WORD…]`: measures side by side, prints the table, writes bench/results/.
// Words select measures whose file name holds one of them.

import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { constants, cpus, release } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildImages, missingImages, MissingTools } from '../manifests/images/build.mjs';
import { Cli } from './ours/cli.mjs';
import { Environments } from './ours/environments.mjs';
import { Library } from './ours/library.mjs';
import { judge } from './judge.mjs';
import { MEASURES } from './measures.mjs';
import { Crun } from './peers/crun.mjs';
import { freeHugetlb } from './peers/hugetlb.mjs';
import { Podman } from './peers/podman.mjs';
import { interleave, summarise } from './rounds.mjs';
import { formatTable } from './table.mjs';
import { TOP, Unavailable, Workspace } from './workspace.mjs';

/** What measures share; each thing is set up when it is first asked for. */
function newContext(workspace) {
  const made = new Map();
  const once = (name, make) => () => {
    if (!made.has(name)) made.set(name, make());
    return made.get(name);
  };
  return {
    workspace,
    library: once('library', () => Library.open(workspace)),
    environments: once('environments', () => Environments.open(workspace)),
    cli: once('cli', () => new Cli(workspace)),
    crun: once('crun', () => new Crun(workspace)),
    podman: once('podman', () => new Podman(workspace)),
  };
}

/** Subjects that are on this machine; the others are named in `absent`. */
async function openSubjects(measure, context, absent) {
  const open = new Map();
  for (const [name, prepare] of Object.entries(measure.subjects)) {
    try {
      open.set(name, await prepare(context));
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      absent.push(`${name}: ${error.message}`);
    }
  }
  return open;
}

async function takeMeasure(measure, context, rounds, absent) {
  if (!measure.measure) return interleave(await openSubjects(measure, context, absent), rounds ?? measure.rounds);
  try {
    return await measure.measure(context);
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    absent.push(`${measure.name}: ${error.message}`);
    return new Map();
  }
}

/** A measure that breaks is reported and does not take the others with it. */
async function runMeasure(measure, context, rounds, report) {
  const absent = [];
  let taken = new Map();
  try {
    taken = await takeMeasure(measure, context, rounds, absent);
  } catch (error) {
    report.failures.push(`${measure.name}: ${error.stack ?? error}`);
  }
  const summaries = new Map(
    [...taken].filter(([, values]) => values.length > 0).map(([name, values]) => [name, summarise(values)]),
  );
  const medians = new Map([...summaries].map(([name, { median }]) => [name, median]));
  report.rows.push(...judge(measure.name, measure.bars, medians));
  report.measurements.push({ name: measure.name, subjects: Object.fromEntries(summaries) });
  report.absent.push(...absent);
}

function describeMachine() {
  const version = (command, ...args) => {
    try {
      return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).split('\n')[0];
    } catch {
      // Not installed: its absence is what there is to say.
      return null;
    }
  };
  return {
    kernel: release(),
    cpu: cpus()[0]?.model,
    cpus: cpus().length,
    node: process.version,
    crun: version('crun', '--version'),
    podman: version('podman', '--version'),
    umoci: version('umoci', '--version'),
  };
}

function writeResults(report, keep) {
  const dir = join(TOP, 'bench/results');
  mkdirSync(dir, { recursive: true });
  const file = join(dir, keep ? `${keep}.json` : 'latest.local.json');
  writeFileSync(
    file,
    `${JSON.stringify({ takenAt: new Date().toISOString(), machine: describeMachine(), ...report }, null, 2)}\n`,
  );
}

function print(report) {
  console.log(formatTable(report.rows));
  console.log(
    '\nMedians. crun has no bridge and no user namespace in these runs; ours has both, and podman its bridge.',
  );
  for (const line of report.absent) console.log(`not measured: ${line}`);
  for (const line of report.failures) console.log(`FAILED: ${line}`);
}

/** Nothing is left of a run that is cut short: pods, what podman mounted, the directory. */
function closeOnSignal(workspace) {
  const close = async (signal) => {
    try {
      await workspace.close();
    } catch (error) {
      console.error(error);
    }
    process.exit(128 + constants.signals[signal]);
  };
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, close);
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { rounds: { type: 'string' }, keep: { type: 'string' } },
  });
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
  // Node reads and checks a hundred certificates at every start when this is set.
  delete process.env.NODE_EXTRA_CA_CERTS;
  const wanted = MEASURES.filter(
    ({ file }) => positionals.length === 0 || positionals.some((word) => file.includes(word)),
  );
  try {
    buildImages(missingImages());
  } catch (error) {
    if (!(error instanceof MissingTools)) throw error;
    console.error(`the bench needs the example images: ${error.message}`);
    process.exitCode = 1;
    return;
  }
  const report = { rows: [], measurements: [], absent: [], failures: [] };
  const workspace = new Workspace();
  closeOnSignal(workspace);
  try {
    freeHugetlb(workspace);
    const context = newContext(workspace);
    for (const { measure } of wanted) await runMeasure(measure, context, rounds, report);
  } finally {
    await workspace.close();
  }
  print(report);
  writeResults(report, values.keep);
  process.exitCode = report.failures.length > 0 || report.rows.some(({ verdict }) => verdict === 'MISSED') ? 1 : 0;
}

await main();
