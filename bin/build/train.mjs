// The code caches of the packs and of the library: V8's, of the functions that real uses have compiled. Each is a process of
// its own that runs pods of the host's own image; without the privilege to, the caches hold what can be had without.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const top = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
/** In a network namespace of its own: the bridge the pods make is gone with it. */
const ALONE = ['unshare', '--net', '--', process.execPath];

/** Command lines whose functions the cache of `pod-quick` should hold. */
const QUICK = [['--help'], ['ps', '--help'], ['ps'], ['ps', '-a', '-o', 'json'], ['inspect', 'none']];

const VALIDATE = [
  ['validate', 'manifests/hello.pod.yaml'],
  ['validate', 'fleet'],
  ['validate', 'wrong.yaml'],
];

/** Real pods, of manifests that train.cjs writes: what is not compiled here is compiled at every start. */
const RUN = [
  ['run', 'ends.yaml'],
  ['run', '--rm', 'ends.yaml'],
  ['run', '-d', 'stays.yaml'],
  ['rm', '--force', 'stays'],
];

/** The second time, from what the first kept: a start that needs no compiler. */
const AGAIN = [
  ['run', '--rm', 'ends.yaml'],
  ['run', '-d', 'stays.yaml'],
  ['rm', '--force', 'stays'],
];

const EXEC = [
  ['exec', 'none', '--', '/bin/true'],
  ['run', '-d', 'stays.yaml'],
  ['exec', 'stays', '--', '/bin/true'],
  ['rm', '--force', 'stays'],
];

const STATUS = [
  ['status', 'none'],
  ['run', '-d', 'stays.yaml'],
  ['status', 'stays'],
  ['status', '-o', 'json', 'stays'],
  ['rm', '--force', 'stays'],
];

const CONTROL = [
  ['stop', 'none'],
  ['run', '-d', 'stays.yaml'],
  ['pause', 'stays'],
  ['resume', 'stays'],
  ['restart', 'stays'],
  ['kill', '-s', 'CONT', 'stays'],
  ['stop', 'stays'],
  ['rm', 'stays'],
  ['run', '-d', 'stays.yaml'],
  ['rm', '--force', 'stays'],
  ['gc', '--grace', '0s'],
];

/** What is worth a cache is the look that finds nothing to do: it is the folder's usual one. */
const APPLY = [['apply', '-f', 'fleet']];
const APPLY_AGAIN = [
  ['apply', '-f', 'fleet'],
  ['apply', '-q', '-f', 'fleet'],
  ['diff', '-f', 'fleet'],
];
const DELETE = [['delete', '-f', 'fleet']];

/** For a build without the privilege to run one: nothing here changes the machine. */
const DRY = [
  ['ps'],
  ['run', '--help'],
  ['validate', 'manifests/hello.pod.yaml'],
  ['plan', 'manifests/hello.pod.yaml', '-o', 'json'],
];

/** Writes `<pack>.cache` for every pack. */
export function trainPacks(dist, packs) {
  const cacheOf = (pack) => join(dist, `${pack}.cache`);
  for (const pack of packs) rmSync(cacheOf(pack), { force: true });
  withRoot((root) => {
    const train = (program, commandLines, trained) => {
      const task = JSON.stringify({ root, commandLines, packs: trained });
      use(program, ['bin/build/train.cjs', join(top, 'bin/pod.cjs'), dist, task]);
    };
    train([process.execPath], QUICK, ['pod-quick']);
    train([process.execPath], VALIDATE, ['pod-validate']);
    try {
      train(ALONE, RUN, ['pod-run', 'pod-rest']);
      train(ALONE, AGAIN, ['pod-start']);
      train(ALONE, EXEC, ['pod-exec']);
      train(ALONE, STATUS, ['pod-status']);
      train(ALONE, CONTROL, ['pod-control']);
      train(ALONE, APPLY, []);
      train(ALONE, APPLY_AGAIN, ['pod-apply']);
      train(ALONE, DELETE, []);
    } catch {
      const missing = packs.filter((pack) => !existsSync(cacheOf(pack)));
      train([process.execPath], DRY, missing);
    }
  });
}

/** Writes `library.cache`. */
export function trainLibrary(dist) {
  const cache = join(dist, 'library.cache');
  rmSync(cache, { force: true });
  withRoot((root) => {
    const script = ['bin/build/train-library.cjs', join(top, 'bin/library.cjs'), root, cache];
    try {
      use(ALONE, script);
    } catch {
      use([process.execPath], [...script, '--import-only']);
    }
  });
}

function withRoot(work) {
  const root = mkdtempSync(join(tmpdir(), 'pod-train-'));
  try {
    work(root);
  } finally {
    try {
      removeRunning(root);
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  }
}

/** A training that failed half way may have left pods running, besides those that train.cjs has made up. */
function removeRunning(root) {
  const directory = join(root, 'pods/run');
  const uuids = existsSync(directory) ? readdirSync(directory).filter((uuid) => !uuid.startsWith('00000000-')) : [];
  if (uuids.length > 0) use([process.execPath], ['bin/pod.cjs', '--root', root, 'rm', '--force', ...uuids]);
}

function use([program, ...args], script) {
  execFileSync(program, [...args, ...script], {
    cwd: top,
    // The flags a user's environment adds would make V8 reject the cache elsewhere.
    env: { ...process.env, NODE_OPTIONS: '', NODE_EXTRA_CA_CERTS: '' },
    // What the trained verbs complain of is shown only when the training itself fails.
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: 20_000,
  });
}
