import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CliResult, pod } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { Folder, plansIn, runTimed } from './kept-runs.ts';

const folder = new Folder();
const root = useTempRoot();

interface Told extends CliResult {
  readonly file: string;
}

/** Runs a manifest of such an app twice, and expects the same of both. */
async function runTwice(name: string, app: string, more = ''): Promise<Told> {
  const text = `apiVersion: pod/v1\nkind: Pod\nmetadata: {name: ${name}}\nnetwork: {mode: none}\n${more}apps:\n${app}`;
  const file = folder.write(`${name}.yaml`, text);
  const before = plansIn(root).length;
  const first = await pod(['run', '--rm', file], { root });
  assert.equal(plansIn(root).length, before + 1, 'it was kept, although it could not be started');
  const second = await pod(['run', '--rm', file], { root });
  assert.deepEqual(second, first);
  return { ...second, file };
}

test('a manifest that says nothing wrong is told nothing', async () => {
  const { exitCode, stderr } = await pod(['run', '--rm', folder.write('fine.yaml', FINE)], { root });
  assert.deepEqual([exitCode, stderr], [0, '']);
});

test('a command that does not exist is blamed on its line, each time', async () => {
  const { exitCode, stderr, file } = await runTwice(
    'command',
    '  - name: a\n    image: host\n    exec:\n      - no-such-command\n',
  );
  assert.equal(exitCode, 127);
  assert.ok(stderr.includes('[pod/command-not-found]') && stderr.includes(`${file}:9:7`), stderr);
});

test('a mount onto a file that is no directory is blamed on its line, each time', async () => {
  const { exitCode, stderr, file } = await runTwice(
    'target',
    '  - name: a\n    image: host\n    exec: [/bin/true]\n    mounts:\n      - {volume: v, path: /etc/passwd/below}\n',
    'volumes: [{name: v, kind: empty}]\n',
  );
  assert.equal(exitCode, 125);
  assert.ok(stderr.includes('[pod/start-failed]') && stderr.includes(`${file}:11:`), stderr);
});

test('a working directory that does not exist in the second app is blamed on it, each time', async () => {
  const { exitCode, stderr, file } = await runTwice(
    'directory',
    '  - {name: a, image: host, exec: [/bin/true]}\n  - name: b\n    image: host\n    exec: [/bin/true]\n    workingDirectory: /no/such/place\n',
  );
  assert.equal(exitCode, 125);
  assert.ok(stderr.includes('[pod/start-failed]') && stderr.includes(`${file}:10:`), stderr);
});

test('nothing is left of a kept pod that could not be started', async () => {
  const file = folder.write('left.yaml', FINE.replace('/bin/true', '/bin/not-there'));
  for (let i = 0; i < 2; i++) await pod(['run', file], { root });
  const { stdout } = await pod(['ps', '-a', '-o', 'json'], { root });
  assert.deepEqual(JSON.parse(stdout), []);
});

test('what a manifest deserves a warning for is said at each run', async () => {
  const restart = FINE.replace('exec:', 'restart: {policy: never, maxRetries: 3}, exec:');
  const file = folder.write('warning.yaml', restart);
  const runs = [await runTimed(root, ['--rm', file]), await runTimed(root, ['--rm', file])];
  assert.match(runs[0]!.stderr, /^warning: .*has no effect/m);
  assert.deepEqual(
    runs.map(({ exitCode, stderr }) => [exitCode, stderr]),
    [0, 0].map((code) => [code, runs[0]!.stderr]),
  );
});

const FINE = `apiVersion: pod/v1
kind: Pod
metadata: {name: fine}
network: {mode: none}
apps:
  - {name: a, image: host, exec: [/bin/true]}
`;
