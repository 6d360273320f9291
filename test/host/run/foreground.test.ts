import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { eventually } from '../../harness/eventually.ts';
import { pod, podOk } from '../../harness/pod-cli.ts';
import { statusOf } from '../../harness/pod-status.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { PodProcess } from './pod-process.ts';
import { POLITE, shellManifest, STUBBORN } from './shell-manifest.ts';

const root = useTempRoot();

test('^C stops the pod gracefully', async () => {
  const run = new PodProcess(root, ['run', '--rm', '-'], shellManifest('polite', { a: POLITE }));
  await run.says('up');
  run.signal('SIGINT');
  assert.equal(await run.ended(), 0, run.output);
  assert.match(run.output, /stops/);
});

test('a second ^C kills it', async () => {
  const manifest = shellManifest('stubborn', { a: { script: STUBBORN, stop: { grace: '10m' } } });
  const run = new PodProcess(root, ['run', '-'], manifest);
  await run.says('up');
  run.signal('SIGINT');
  const events = new PodProcess(root, ['wait', 'stubborn', '--for', 'exit']);
  // The first has been taken when init has told the app.
  await untilStopping('stubborn');
  run.signal('SIGINT');
  assert.equal(await run.ended(), 137, run.output);
  assert.equal(await events.ended(), 0);
});

test('both streams come out where they belong, in full', async () => {
  const script = 'i=0; while [ $i -lt 500 ]; do echo out $i; echo err $i >&2; i=$((i+1)); done; printf "no newline"';
  const manifest = shellManifest('streams', { a: script });
  const { exitCode, stdout, stderr } = await pod(['run', '-'], { root, input: manifest });
  assert.equal(exitCode, 0);
  const lines = (name: string): string => Array.from({ length: 500 }, (_, i) => `${name} ${i}`).join('\n');
  assert.equal(stdout, `${lines('out')}\nno newline`);
  assert.equal(stderr, lines('err'));
  const logs = await pod(['logs', 'streams'], { root });
  assert.deepEqual([logs.stdout, logs.stderr], [stdout, stderr]);
});

test('pod logs -f follows to the end of the pod and then ends', async () => {
  await podOk(['run', '-d', '-'], { root, input: shellManifest('followed', { a: POLITE }) });
  const logs = new PodProcess(root, ['logs', '-f', 'followed']);
  await logs.says('up');
  await podOk(['stop', 'followed'], { root });
  assert.equal(await logs.ended(), 0);
  assert.equal(logs.output, 'up\nstops\n');
});

test('--rm leaves no pod, --id-file has its uuid', async () => {
  const idFile = `${root}/id`;
  const input = shellManifest('short', { a: 'true' });
  await podOk(['run', '--id-file', idFile, '-'], { root, input });
  const uuid = readFileSync(idFile, 'utf8').trim();
  assert.equal((await statusOf(root, uuid)).name, 'short');
  await podOk(['rm', uuid], { root });
  await podOk(['run', '--rm', '--id-file', idFile, '-'], { root, input });
  assert.equal((await pod(['status', readFileSync(idFile, 'utf8').trim()], { root })).exitCode, 1);
});

test(
  '--id-file is there before the apps have started, and not after a start that failed',
  { timeout: 120_000 },
  async () => {
    const idFile = `${root}/early-id`;
    const probes = { ready: { exec: ['/bin/false'], period: '100ms' } };
    const waiting = { script: POLITE, after: [{ app: 'never', condition: 'ready' }] };
    const input = shellManifest('early', { never: { script: POLITE, probes }, waiting });
    const running = new PodProcess(root, ['run', '-d', '--id-file', idFile, '-'], input);
    const uuid = (
      await eventually(async () => {
        const text = readFileSync(idFile, 'utf8');
        assert.ok(text.endsWith('\n'));
        return text;
      })
    ).trim();
    await eventually(async () => assert.equal((await statusOf(root, uuid)).apps[1]!.state, 'waiting'));
    assert.equal(running.output, '');
    await podOk(['rm', '--force', uuid], { root });
    await running.ended();
    const missing = shellManifest('missing', { a: { script: '', exec: ['/nonexistent'] } });
    const failed = await pod(['run', '-d', '--id-file', idFile, '-'], { root, input: missing });
    assert.equal(failed.exitCode, 127);
    assert.equal(existsSync(idFile), false);
  },
);

test('a name belongs to one pod that runs, and is free again when it has ended', async () => {
  const input = shellManifest('named', { a: POLITE });
  await podOk(['run', '-d', '-'], { root, input });
  const second = await pod(['run', '-d', '-'], { root, input });
  assert.equal(second.exitCode, 125);
  assert.match(second.stderr, /\[pod\/name-taken\]/);
  await podOk(['run', '--rm', '--name', 'other', '-'], { root, input: shellManifest('named', { a: 'true' }) });
  await podOk(['stop', '--grace', '0s', 'named'], { root });
  await podOk(['run', '--rm', '-'], { root, input: shellManifest('named', { a: 'true' }) });
});

test('--timeout stops the pod and says so', async () => {
  const { exitCode, stderr } = await pod(['run', '--rm', '--timeout', '300ms', '-'], {
    root,
    input: shellManifest('slow', { a: POLITE }),
  });
  assert.equal(exitCode, 125);
  assert.match(stderr, /\[pod\/timeout\]/);
});

test('-i gives the first app the caller’s standard input', async () => {
  const manifest = `${root}/stdin.yaml`;
  const { writeFile } = await import('node:fs/promises');
  await writeFile(manifest, shellManifest('stdin', { a: 'cat', b: 'cat' }));
  const { stdout } = await pod(['run', '--rm', '-i', manifest], { root, input: 'through' });
  assert.match(stdout, /through/);
});

/** The journal's line, which init writes before it signals anybody. */
async function untilStopping(name: string): Promise<void> {
  const { watch } = await import('node:fs');
  const { uuid } = await statusOf(root, name);
  const events = `${root}/pods/run/${uuid}/events`;
  await new Promise<void>((resolve) => {
    const look = (): void => {
      if (!readFileSync(events, 'utf8').includes('"stopping"')) return;
      watcher.close();
      resolve();
    };
    const watcher = watch(events, look);
    look();
  });
}
