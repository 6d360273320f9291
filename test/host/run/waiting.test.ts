import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { pod, podOk } from '../../harness/pod-cli.ts';
import { statusOf } from '../../harness/pod-status.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { TerminalProcess } from '../../harness/terminal-process.ts';
import { PodProcess } from './pod-process.ts';
import { POLITE, shellManifest, STUBBORN } from './shell-manifest.ts';

const root = useTempRoot();

/** An app that waits for the end of the first. */
function waiting(name: string, first: string, second = 'echo second'): string {
  return shellManifest(name, {
    first: { script: first, stop: { grace: '10m' } },
    second: { script: second, after: [{ app: 'first', condition: 'completed' }] },
  });
}

test('output comes from the moment the pod exists, though apps wait for others', async () => {
  const run = new PodProcess(root, ['run', '-'], waiting('migrates', `echo begins; ${POLITE}`));
  await run.says('first  | begins');
  assert.deepEqual(
    (await statusOf(root, 'migrates')).apps.map(({ state }) => state),
    ['running', 'waiting'],
  );
  run.signal('SIGINT');
  await run.ended();
});

test('what apps write while others wait, and after, comes out once and in order', async () => {
  const run = new PodProcess(root, ['run', '--rm', '-'], waiting('twice', 'echo one; sleep 0.3; echo two'));
  assert.equal(await run.ended(), 0, run.output);
  assert.equal(run.output, 'first  | one\nfirst  | two\nsecond | second\n');
});

test('^C while apps wait stops the pod gracefully', async () => {
  const run = new PodProcess(root, ['run', '--rm', '-'], waiting('impatient', POLITE));
  await run.says('up');
  run.signal('SIGINT');
  assert.equal(await run.ended(), 0, run.output);
  assert.match(run.output, /stops/);
  assert.doesNotMatch(run.output, /second \|/);
});

test('a second ^C while apps wait kills it', async () => {
  const script = STUBBORN.replace("'' TERM", "'echo deaf' TERM").replace('sleep 1000', 'sleep 0.1');
  const run = new PodProcess(root, ['run', '--rm', '-'], waiting('deaf', script));
  await run.says('up');
  run.signal('SIGINT');
  await run.says('deaf');
  run.signal('SIGINT');
  assert.equal(await run.ended(), 137, run.output);
});

test('a time limit counts while apps wait', async () => {
  const { exitCode, stderr } = await pod(['run', '--rm', '--timeout', '300ms', '-'], {
    root,
    input: waiting('late', POLITE),
  });
  assert.equal(exitCode, 125);
  assert.match(stderr, /pod\/timeout/);
});

test('an app that cannot be started after the wait ends the launch, and what was written till then is shown', async () => {
  const manifest = JSON.parse(waiting('broken', 'echo one; sleep 0.2; echo two')) as { apps: { exec: string[] }[] };
  manifest.apps[1]!.exec = ['/no/such/program'];
  const found = await pod(['run', '-'], { root, input: JSON.stringify(manifest) });
  assert.equal(found.exitCode, 127, found.stderr);
  assert.equal(found.stdout, 'first  | one\nfirst  | two');
  assert.equal((await pod(['status', 'broken'], { root })).exitCode, 1);
});

test('-d returns when the apps that waited have started', async () => {
  const first = 'sleep 0.3; echo migrated';
  await podOk(['run', '-d', '-'], { root, input: waiting('behind', first, POLITE) });
  assert.deepEqual(
    (await statusOf(root, 'behind')).apps.map(({ state }) => state),
    ['exited', 'running'],
  );
  await podOk(['rm', '--force', 'behind'], { root });
});

test('^C of -d while apps wait stops the pod, and prints no uuid', async () => {
  const run = new PodProcess(root, ['run', '-d', '-'], waiting('given-up', POLITE));
  const logs = await followed('given-up');
  await logs.says('up');
  run.signal('SIGINT');
  assert.equal(await run.ended(), 130);
  assert.equal(run.output, '');
  assert.equal(await logs.ended(), 0);
  assert.equal((await statusOf(root, 'given-up')).state, 'exited');
});

/** Of a pod that somebody else is making. */
async function followed(name: string): Promise<PodProcess> {
  for (;;) {
    const { exitCode, stdout } = await pod(['events', name], { root });
    if (exitCode === 0 && stdout.includes('app-started')) return new PodProcess(root, ['logs', '-f', name]);
  }
}

test('several pods show what they write while an app of one waits, and ^C takes all of them back', async () => {
  const files = [
    shellManifest('quick', { a: POLITE }),
    waiting('slow', POLITE),
    shellManifest('never', { a: 'echo no' }),
  ];
  const paths = files.map((text, index) => `${root}/several-${index}.json`);
  paths.forEach((path, index) => writeFileSync(path, files[index]!));
  const run = new PodProcess(root, ['run', ...paths]);
  for (const name of ['quick     ', 'slow/first']) await run.says(`${name}  | up`);
  run.signal('SIGINT');
  assert.equal(await run.ended(), 130, run.output);
  assert.match(run.output, /quick +\| stops/);
  assert.doesNotMatch(run.output, /never +\|/);
});

test('a terminal is there while other apps wait for the one that has it', async () => {
  const path = `${root}/terminal.json`;
  writeFileSync(path, waiting('terminal', 'read line; echo got-$line', 'true'));
  await using run = TerminalProcess.pod(root, ['run', '--rm', '-it', path]);
  run.type('word\n');
  await run.says('got-word');
  assert.equal(await run.ended(), 0);
});
