'use strict';

// Runs command lines in one process, then writes the code caches of the packs they loaded, with all functions they compiled:
// train.cjs POD DIST JSON, with POD the path of bin/pod.cjs, and in JSON the command lines and the packs whose caches are to be written.

const { mkdirSync, readFileSync, writeFileSync } = require('node:fs');
const { basename, join } = require('node:path');
const [pod, dist, json] = process.argv.slice(2);
const { root, commandLines, packs } = JSON.parse(json);
const { loadMain, scripts } = require(pod);

/** Of manifests, for the verbs that take one. */
const FOLDER = 'fleet';

/** Made up, so that the code that reads pods is compiled too: one that has exited and one that died. */
function addPods(root) {
  for (const [state, uuid] of [
    ['exited', '00000000-0000-4000-8000-000000000000'],
    ['run', '00000000-0000-4000-8000-000000000001'],
  ]) {
    const dir = join(root, 'pods', state, uuid);
    mkdirSync(dir, { recursive: true });
    const image = { ref: 'host', digest: '' };
    const about = {
      uuid,
      name: 'x',
      createdAt: '2026-01-01T00:00:00.000Z',
      bootId: bootId(),
      hostname: 'x',
      uidBase: null,
    };
    const rest = {
      manifest: { path: 'x', digest: '' },
      labels: {},
      annotations: {},
      network: { mode: 'none', ips: [] },
    };
    writeFileSync(join(dir, 'record.json'), JSON.stringify({ ...about, ...rest, apps: [{ name: 'a', image }] }));
    const events = [
      { t: 1, e: 'pod-started' },
      { t: 1, e: 'app-started', app: 'a', pid: 2 },
    ];
    if (state === 'exited') events.push({ t: 2, e: 'app-exited', app: 'a', code: 0, signal: 0, oom: 0 });
    writeFileSync(join(dir, 'events'), events.map((event) => `${JSON.stringify(event)}\n`).join(''));
    writeFileSync(join(dir, 'final'), state === 'exited' ? '{"t":2,"code":0,"signal":0}' : '{}');
  }
}

/** What the pods of a training are: with limits and the bridge, as most are. */
function writeManifests(root) {
  mkdirSync(join(root, FOLDER), { recursive: true });
  for (const { name, exec } of [
    { name: 'ends', exec: ['/bin/true'] },
    { name: 'stays', exec: ['/bin/sleep', '60'] },
    { name: `${FOLDER}/one`, exec: ['/bin/sleep', '60'] },
    { name: `${FOLDER}/two`, exec: ['/bin/sleep', '60'] },
  ]) {
    const isolators = { 'resource/cpu': { limit: '500m' }, 'resource/memory': { limit: '64Mi' } };
    const apps = [{ name: 'app', image: 'host', exec, isolators }];
    const text = [
      'apiVersion: pod/v1',
      'kind: Pod',
      `metadata: {name: ${basename(name)}}`,
      `apps: ${JSON.stringify(apps)}`,
    ].join('\n');
    writeFileSync(join(root, `${name}.yaml`), `${text}\n`);
  }
  writeFileSync(join(root, 'wrong.yaml'), 'apiVersion: pod/v1\nkind: Pod\nmetadata: {nam: x}\napps: [{image: hst}]\n');
}

function bootId() {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trimEnd();
}

async function train(lines) {
  const { main } = loadMain(lines[0]);
  addPods(root);
  writeManifests(root);
  const isLive = lines.some(([verb, ...args]) => ['run', 'apply'].includes(verb) && !args.includes('--help'));
  for (const line of lines) {
    // The flag goes first: behind `--` it would be part of the command.
    const isOurs = (word) => word === FOLDER || (word.endsWith('.yaml') && !word.includes('/'));
    const [verb, ...args] = line.map((word) => (isOurs(word) ? join(root, word) : word));
    await main([verb, '--root', root, ...args]);
    // A real pod that does not run trains nothing; what else fails has still compiled the functions it went through.
    if (isLive && process.exitCode && !line.includes('none')) process.exit(1);
  }
  for (const [name, script] of scripts) {
    if (packs.includes(name)) writeFileSync(join(dist, `${name}.cache`), script.createCachedData());
  }
  // A verb that ends its process itself may have left something open.
  process.exit(0);
}

void train(commandLines);
