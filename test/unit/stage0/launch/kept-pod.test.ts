import './built.ts';
import assert from 'node:assert/strict';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { test } from 'node:test';
import type { ManifestInput, RunOptions } from '../../../../stages/stage0/cli/launch-api.ts';
import { keepPod, type KeptPod, type MadeFrom, recallPod } from '../../../../stages/stage0/launch/kept-pod.ts';
import type { VolumeSpec } from '../../../../stages/stage0/manifest/spec.ts';
import { readHostFacts } from '../../../../stages/stage0/plan/read-facts.ts';
import { useScratch } from '../pod/scratch.ts';
import { TEST_BUILD } from './built.ts';

const scratch = useScratch();
const AT = { file: 'web.yaml', line: 1, col: 1 };
const TAPE = Uint8Array.from({ length: 100 }, (_, i) => i);
const MANIFEST: ManifestInput = { path: 'web.yaml', text: 'kind: Pod\n', baseDir: '/srv' };
/** More plans than any directory may hold. */
const MANY = 450;

let roots = 0;

function newRoot(): RunOptions {
  const root = `${scratch}/root-${roots++}`;
  mkdirSync(root);
  return { root, baseDir: '/srv', stdin: false, autoRemove: false };
}

function keptOf({ path, text }: ManifestInput): KeptPod {
  const tape = { bytes: TAPE, dataAt: 10, texts: ['a'], pointers: [], relocs: [], lengths: [], symbols: [] };
  const network = { mode: 'none', ports: [] };
  return {
    identity: { name: 'web', hostname: 'web', labels: { a: 'b' }, annotations: {}, manifest: { path, text } },
    pod: {
      tape,
      cgroupMounts: [],
      network,
      userns: { mode: 'host', at: AT },
      apps: [],
      hasClient: false,
      takesStdin: false,
      at: AT,
    },
  };
}

function keep(options: RunOptions, manifest: ManifestInput = MANIFEST, more: Partial<MadeFrom> = {}): void {
  const made = {
    facts: readHostFacts(),
    images: [],
    spec: { volumes: [], apps: [] },
    fileVolumes: new Set<string>(),
    ...more,
  };
  keepPod(manifest, options, keptOf(manifest), made);
}

/** The file of the only plan. */
function fileIn({ root }: RunOptions): string {
  const [name, ...others] = readdirSync(`${root}/plans`);
  assert.deepEqual(others, []);
  return `${root}/plans/${name!}`;
}

test('what was kept is what was compiled, its tape to the byte', () => {
  const options = newRoot();
  assert.equal(recallPod(MANIFEST, options), undefined);
  keep(options);
  const { identity, pod } = recallPod(MANIFEST, options)!;
  const expected = keptOf(MANIFEST);
  assert.deepEqual(identity, expected.identity);
  assert.deepEqual({ ...pod, tape: { ...pod.tape, bytes: Uint8Array.from(pod.tape.bytes) } }, expected.pod);
});

test('only its owner can read a plan, or list the plans', () => {
  const options = newRoot();
  keep(options);
  assert.equal(statSync(`${options.root}/plans`).mode & 0o7777, 0o700);
  assert.equal(statSync(fileIn(options)).mode & 0o7777, 0o600);
});

test('what was said otherwise on the command line is another plan', () => {
  const options = newRoot();
  keep(options);
  for (const other of [{ name: 'db' }, { network: 'host' }, { path: 'db.yaml' }, { baseDir: '/tmp' }, { text: 'x' }])
    assert.equal(recallPod({ ...MANIFEST, ...other }, options), undefined, JSON.stringify(other));
  for (const other of [{ stdin: true }, { tty: true }, { stdin: true, isDetached: true }])
    assert.equal(recallPod(MANIFEST, { ...options, ...other }), undefined, JSON.stringify(other));
  assert.ok(recallPod(MANIFEST, { ...options, isDetached: true }));
  assert.ok(recallPod(MANIFEST, options));
});

test('a plan of a state directory that was moved is none', () => {
  const options = newRoot();
  keep(options);
  const root = `${options.root}-moved`;
  renameSync(options.root, root);
  assert.equal(recallPod(MANIFEST, { ...options, root }), undefined);
});

test('a plan for a host with other properties is none', () => {
  const options = newRoot();
  keep(options, MANIFEST, { facts: { ...readHostFacts(), cpus: 999 } });
  assert.equal(recallPod(MANIFEST, options), undefined);
});

test('a plan holds as long as each host volume is the kind of file it was', () => {
  const options = newRoot();
  const source = `${options.root}/source`;
  const volume: VolumeSpec = { kind: 'host', name: 'data', source, readOnly: false, at: AT };
  mkdirSync(source);
  keep(options, MANIFEST, { spec: { volumes: [volume], apps: [] } });
  assert.ok(recallPod(MANIFEST, options));
  rmSync(source, { recursive: true });
  assert.equal(recallPod(MANIFEST, options), undefined);
  writeFileSync(source, '');
  assert.equal(recallPod(MANIFEST, options), undefined);
  keep(options, MANIFEST, { spec: { volumes: [volume], apps: [] }, fileVolumes: new Set(['data']) });
  assert.ok(recallPod(MANIFEST, options));
});

test('a plan of another boot or of another build is none', () => {
  const options = newRoot();
  for (const [own, foreign] of [
    [readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim(), '00000000-0000-4000-8000-000000000000'],
    [TEST_BUILD, TEST_BUILD.toUpperCase()],
  ] as const) {
    keep(options);
    const file = fileIn(options);
    const text = readFileSync(file, 'latin1');
    assert.ok(text.includes(own));
    writeFileSync(file, text.replace(own, foreign), 'latin1');
    assert.equal(recallPod(MANIFEST, options), undefined, own);
  }
});

test('a damaged plan is none, and is replaced by the next', () => {
  const options = newRoot();
  keep(options);
  const file = fileIn(options);
  const whole = readFileSync(file);
  const spoilers: Record<string, () => void> = {
    'is empty': () => truncateSync(file, 0),
    'ends in its lengths': () => truncateSync(file, 3),
    'ends after its lengths': () => truncateSync(file, 8),
    'ends in its header': () => truncateSync(file, 100),
    'ends in its tape': () => truncateSync(file, whole.length - 1),
    'is too long': () => writeFileSync(file, Buffer.concat([whole, Buffer.alloc(1)])),
    'is of something else': () => writeFileSync(file, 'something else entirely'),
    'has no JSON for a header': () => writeFileSync(file, Buffer.from(whole).fill('x', 8, 20)),
    'is a directory': () => {
      rmSync(file);
      mkdirSync(file);
    },
  };
  for (const [what, spoil] of Object.entries(spoilers)) {
    spoil();
    assert.equal(recallPod(MANIFEST, options), undefined, what);
    if (statSync(file).isDirectory()) rmSync(file, { recursive: true });
    keep(options);
    assert.ok(recallPod(MANIFEST, options), what);
  }
});

test('a place that takes no plan is no reason to throw', () => {
  const options = newRoot();
  writeFileSync(`${options.root}/plans`, '');
  keep(options);
  assert.equal(recallPod(MANIFEST, options), undefined);
});

test('however many manifests come and go, the plans stay few, and the newest stays', () => {
  const options = newRoot();
  for (let i = 0; i < MANY; i++) {
    const manifest = { ...MANIFEST, path: `${i}.yaml` };
    keep(options, manifest);
    assert.ok(readdirSync(`${options.root}/plans`).length <= 200);
  }
  assert.ok(readdirSync(`${options.root}/plans`).length >= 100);
  assert.ok(recallPod({ ...MANIFEST, path: `${MANY - 1}.yaml` }, options));
  assert.equal(recallPod({ ...MANIFEST, path: '0.yaml' }, options), undefined);
});

test('a plan holds as long as isolators would find the same', () => {
  const options = newRoot();
  const file = `${options.root}/found`;
  writeFileSync(file, '0-3\n');
  keep(options, MANIFEST, { facts: { ...readHostFacts(), looked: { [`text ${file}`]: '0-3' } } });
  assert.ok(recallPod(MANIFEST, options));
  writeFileSync(file, '0-1\n');
  assert.equal(recallPod(MANIFEST, options), undefined);
});
