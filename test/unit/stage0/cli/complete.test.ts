import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { offer, type Offer } from '../../../../stages/stage0/cli/complete/candidates.ts';
import { readLine } from '../../../../stages/stage0/cli/complete/line.ts';
import { VERBS } from '../../../../stages/stage0/cli/verbs.ts';

const WEB = '3f0e4a1c-0000-4000-8000-000000000001';
const JOB = '9b0e4a1c-0000-4000-8000-000000000002';

const root = mkdtempSync(join(tmpdir(), 'pod-complete-'));
after(() => rmSync(root, { recursive: true }));
addPod('run', WEB, 'web', ['nginx', 'cache']);
addPod('exited', JOB, 'job', ['work']);
mkdirSync(join(root, 'sets/prod'), { recursive: true });

function addPod(state: string, uuid: string, name: string, apps: readonly string[]): void {
  const dir = join(root, 'pods', state, uuid);
  mkdirSync(dir, { recursive: true });
  const record = {
    uuid,
    name,
    createdAt: '2026-01-01T00:00:00Z',
    manifest: { path: '/m.yaml' },
    labels: {},
    annotations: {},
    network: { mode: 'none', ips: [] },
    bootId: 'x',
    hostname: name,
    uidBase: null,
    apps: apps.map((app) => ({ name: app, image: { ref: 'host', digest: '' } })),
  };
  writeFileSync(join(dir, 'record.json'), JSON.stringify(record));
}

async function offered(...words: string[]): Promise<Offer> {
  return offer(await readLine(words, VERBS), { root, verbs: VERBS });
}

async function valuesOf(...words: string[]): Promise<string[]> {
  return (await offered(...words)).candidates.map(({ value }) => value);
}

const TABLE: readonly (readonly [line: string, values: readonly string[]])[] = [
  // Verbs, also behind global flags and what they take.
  ['st', ['status', 'stats', 'stop']],
  ['--root /srv st', ['status', 'stats', 'stop']],
  ['--root=/srv st', ['status', 'stats', 'stop']],
  ['-q --color always up', ['update']],
  ['--c', ['--color']],
  ['help st', ['status', 'stats', 'stop']],
  ['completion ', ['bash', 'zsh', 'fish']],
  ['rollout re', ['restart', 'resume']],
  ['rollout status ', ['prod']],
  ['generate ', ['kube', 'systemd']],
  // Values of flags, however they are written.
  ['wait --for ', ['ready', 'exit', 'deleted']],
  ['wait --for=re', ['--for=ready']],
  ['ps -o j', ['json', 'jsonl']],
  ['ls --output j', ['json', 'jsonl']],
  ['ps --color ', ['auto', 'always', 'never']],
  ['run --net b', ['bridge']],
  ['kill -s SIGT', ['SIGTRAP', 'SIGTERM', 'SIGTSTP', 'SIGTTIN', 'SIGTTOU']],
  ['apply --set p', ['prod']],
  ['status --wait ', ['web', 'job']],
  ['run --no-such-flag=', []],
  // Pods, by what a verb can do with them.
  ['rm ', ['web', 'job']],
  ['rm web ', ['job']],
  ['stop ', ['web']],
  ['inspect 9b', [JOB]],
  ['stop -- w', ['web']],
  ['run-prepared ', []],
  ['status web ', []],
  ['cp w', ['web:']],
  // Apps of the pod that is meant.
  ['exec -a ', ['nginx', 'cache']],
  ['logs job -a ', ['work']],
  ['kill --app=ca', ['--app=cache']],
  // A command of the pod is not ours.
  ['exec web ls --c', []],
  ['exec web --app ', ['nginx', 'cache']],
  ['unknown ', VERBS.map(({ name }) => name)],
  ['explain apps.res', ['apps.restart']],
  ['explain manifest/c', ['manifest/cycle']],
  ['explain resource/mem', ['resource/memory']],
];

for (const [line, values] of TABLE) {
  test(`pod ${line}⇥`, async () => {
    assert.deepEqual(await valuesOf(...line.split(' ')), values);
  });
}

test('files are offered where files are taken, and nowhere else', async () => {
  for (const line of ['run m', 'apply -f ', 'apply --file=d', 'export web -O ', '--root ', 'cp ', 'generate systemd '])
    assert.equal((await offered(...line.split(' '))).files, true, line);
  for (const line of ['stop ', 'kill -s ', 'exec web ', 'exec web ls ', 'ps ', 'apply ', 'status web '])
    assert.notEqual((await offered(...line.split(' '))).files, true, line);
});

test('flags say what they do', async () => {
  const { candidates } = await offered('ps', '--sel');
  assert.deepEqual(candidates, [
    { value: '--selector', help: 'list only pods whose labels match, such as tier=front,env!=test' },
  ]);
});

test('every verb says what its operands are, if its usage has some', async () => {
  for (const { name, load } of VERBS) {
    const { usage, completes } = (await load()).verb;
    const takesOperands = usage.some((line) => new RegExp(`^pod ${name} .*\\b(POD|FILE|DIR|SET)\\b`).test(strip(line)));
    if (takesOperands) assert.ok(completes, name);
  }
});

/** Without flags and their values. */
function strip(usage: string): string {
  return usage.replaceAll(/\[?--?[\w-]+(?:[ =][A-Z]+)?\]?/g, '');
}
