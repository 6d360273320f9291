import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { podOk } from '../../harness/pod-cli.ts';
import { probeManifest, PROBE_INSIDE } from '../../harness/probe-pod.ts';
import type { ProbeTries } from '../../harness/probe-report.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { Folder, plansIn, runTimed } from './kept-runs.ts';
import { POLITE, shellManifest } from './shell-manifest.ts';

const folder = new Folder();
const root = useTempRoot();

test('the second run of a manifest neither parses nor plans it, and writes no plan', async () => {
  const file = folder.write('twice.yaml', shellManifest('twice', { a: 'true' }));
  const first = await runTimed(root, ['--rm', file]);
  assert.deepEqual(first.phases.slice(3, 9), ['recall', 'parse', 'resolve', 'plan', 'acquire', 'start']);
  const [plan, ...others] = plansIn(root);
  assert.deepEqual(others, []);
  const { ino, mtimeMs } = statSync(plan!);
  const second = await runTimed(root, ['--rm', file]);
  assert.deepEqual(second.phases.slice(3, 6), ['recall', 'acquire', 'start']);
  assert.equal(second.isFromKept, true);
  assert.deepEqual({ ino, mtimeMs }, { ino: statSync(plan!).ino, mtimeMs: statSync(plan!).mtimeMs });
});

test('only root may look into what is kept', async () => {
  await podOk(['run', '--rm', folder.write('modes.yaml', shellManifest('modes', { a: 'true' }))], { root });
  assert.equal(statSync(`${root}/plans`).mode & 0o7777, 0o700);
  for (const plan of plansIn(root)) assert.equal(statSync(plan).mode & 0o7777, 0o600, plan);
});

test('exit code and both outputs are as in the first run', async () => {
  const script = 'echo out; printf "no newline"; echo err >&2; exit 7';
  const file = folder.write('same.yaml', shellManifest('same', { a: script, b: 'exit 0' }));
  const [first, second] = [await runTimed(root, ['--rm', file]), await runTimed(root, ['--rm', file])];
  assert.deepEqual([first.isFromKept, second.isFromKept], [false, true]);
  assert.equal(first.exitCode, 7);
  const lines = ({ stdout, stderr }: typeof first): string[] =>
    [...stdout.split('\n'), ...stderr.split('\n')].toSorted();
  assert.deepEqual([second.exitCode, lines(second)], [first.exitCode, lines(first)]);
});

test('an app sees the same of its isolators, mounts and identity', async () => {
  const app = {
    user: '33',
    group: '33',
    readOnlyRootFS: true,
    isolators: {
      'resource/memory': { limit: '64Mi' },
      'os/linux/capabilities-retain-set': { set: ['CAP_CHOWN'] },
      'os/linux/oom-score-adj': 200,
    },
  };
  const text = probeManifest({ name: 'seen', args: ['tries'], app, pod: { hostname: 'host-of-it' } });
  const file = folder.write('seen.yaml', text);
  const [first, second] = [await runTimed(root, ['--rm', file]), await runTimed(root, ['--rm', file])];
  assert.deepEqual([first.exitCode, second.exitCode, second.isFromKept], [0, 0, true], second.stderr);
  assert.deepEqual(lasting(second.stdout), lasting(first.stdout));
});

test('a limit of a kept pod is in force', async () => {
  const hungry = 'x=$(head -c 100000000 /dev/zero | tr "\\0" x); echo survived';
  const app = { script: hungry, isolators: { 'resource/memory': { limit: '32Mi' } } };
  const file = folder.write('limit.yaml', shellManifest('limit', { a: app }));
  await runTimed(root, ['--rm', file]);
  const second = await runTimed(root, ['--rm', file]);
  assert.equal(second.isFromKept, true);
  assert.notEqual(second.exitCode, 0);
  assert.doesNotMatch(second.stdout, /survived/);
});

test('what inspect and cat-manifest say of a kept pod is what they say of the first', async () => {
  const text = JSON.parse(shellManifest('noted', { a: 'exit 3' })) as Record<string, object>;
  text['metadata'] = { name: 'noted', labels: { tier: 'one' }, annotations: { 'example.org/note': 'two' } };
  text['network'] = { mode: 'bridge' };
  const file = folder.write('noted.yaml', JSON.stringify(text));
  const seen: unknown[] = [];
  for (const isFromKept of [false, true]) {
    const idFile = folder.path('noted.id');
    assert.equal((await runTimed(root, ['--id-file', idFile, file])).isFromKept, isFromKept);
    const uuid = readFileSync(idFile, 'utf8').trim();
    const inspected = JSON.parse(await podOk(['inspect', uuid], { root }), withoutItsOwn) as { record: object };
    assert.ok(inspected.record);
    seen.push([inspected, await podOk(['cat-manifest', uuid], { root })]);
    await podOk(['rm', uuid], { root });
  }
  assert.deepEqual(seen[1], seen[0]);
});

test('a kept pod takes commands, and stops as asked', async () => {
  const file = folder.write('taken.yaml', shellManifest('taken', { a: { script: POLITE, env: { FROM: 'manifest' } } }));
  for (let i = 0; i < 2; i++) {
    const uuid = await podOk(['run', '-d', file], { root });
    assert.equal(await podOk(['exec', 'taken', '--', '/bin/sh', '-c', 'echo $FROM; id -u'], { root }), 'manifest\n0');
    await podOk(['stop', 'taken'], { root });
    assert.equal(await podOk(['logs', uuid], { root }), 'up\nstops');
    await podOk(['rm', uuid], { root });
  }
});

test('pods of one plan run side by side under other names', async () => {
  const file = folder.write('pair.yaml', shellManifest('pair', { a: 'uname -n' }));
  for (const name of ['one', 'two', 'one', 'two']) {
    assert.equal(await podOk(['run', '--rm', '--name', name, file], { root }), name);
  }
});

test('standard input is a manifest like any other', async () => {
  const text = (word: string): string => shellManifest('piped', { a: `echo ${word}` });
  const run = (word: string): ReturnType<typeof runTimed> => runTimed(root, ['--rm', '-'], { input: text(word) });
  assert.deepEqual(pick(await run('first')), ['first', false]);
  assert.deepEqual(pick(await run('first')), ['first', true]);
  assert.deepEqual(pick(await run('second')), ['second', false]);
  assert.deepEqual(pick(await run('second')), ['second', true]);
});

test('-i gives a kept pod the caller’s standard input, and without it there is none', async () => {
  const file = folder.write('stdin.yaml', shellManifest('stdin', { a: 'cat' }));
  const run = (flags: readonly string[], input: string): ReturnType<typeof runTimed> =>
    runTimed(root, ['--rm', ...flags, file], { input });
  assert.deepEqual(pick(await run(['-i'], 'through')), ['through', false]);
  assert.deepEqual(pick(await run(['-i'], 'again')), ['again', true]);
  assert.deepEqual(pick(await run([], 'not for it')), ['', false]);
  assert.deepEqual(pick(await run([], 'nor this')), ['', true]);
});

function pick({ stdout, isFromKept }: Awaited<ReturnType<typeof runTimed>>): [string, boolean] {
  return [stdout, isFromKept];
}

/** Of a probe's report, what does not depend on which pod it was. */
function lasting(stdout: string): object {
  const same = stdout
    .replaceAll('\n', '')
    .replaceAll(UUID, 'UUID')
    .replaceAll(/(?<=[a-z]:\[)\d+(?=\])/g, 'INODE')
    .replaceAll(/(?<=[ug]id=)\d{6,}/g, 'ID');
  const report = JSON.parse(same, (key, value: unknown) => (OF_THE_POD.has(key) ? undefined : value)) as ProbeTries;
  assert.equal(report.argv[0], PROBE_INSIDE);
  return report;
}

/** A reviver of what `inspect` prints: leaves out what is a pod's own. */
function withoutItsOwn(key: string, value: unknown): unknown {
  if (OF_THE_POD.has(key)) return undefined;
  return typeof value === 'string' ? value.replaceAll(UUID, 'UUID') : value;
}

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}/g;
/** Members of both that differ from one start to the next. */
const OF_THE_POD: ReadonlySet<string> = new Set(
  'uidMap gidMap sessionKeyring address uidBase base ips key addresses veth createdAt startedAt finishedAt t'.split(
    ' ',
  ),
);
