import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { execa } from 'execa';
import { NotifySocket } from '../../harness/notify-socket.ts';
import { pod, podOk } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { Folder } from './kept-runs.ts';
import { PodProcess } from './pod-process.ts';
import { POLITE, shellManifest } from './shell-manifest.ts';

const folder = new Folder();
const root = useTempRoot();
let units = 0;

/** What systemd has to say of the unit; empty when it is good. */
async function verify(text: string): Promise<string> {
  const { all, exitCode } = await execa('systemd-analyze', ['verify', '--man=no', writeUnit(text)], {
    all: true,
    reject: false,
  });
  return exitCode === 0 ? all : `exit ${exitCode}: ${all}`;
}

function writeUnit(text: string): string {
  return folder.write(`unit-${units++}.service`, text);
}

/** The unit's command as systemd has read it, in the notation of a shell. */
async function commandOf(text: string): Promise<string> {
  const { stdout } = await execa('systemd-analyze', ['verify', '--man=no', writeUnit(text)], {
    env: { SYSTEMD_LOG_LEVEL: 'debug' },
    reject: false,
  });
  return /^\s*Command Line: (.*)$/m.exec(stdout)![1]!;
}

function writeManifest(path: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, shellManifest('unit', { a: { script: POLITE, stop: { grace: '3s' } }, b: POLITE }));
  return path;
}

test('systemd takes the units, whatever their paths are', async () => {
  for (const name of ['plain', 'with space', '100%n', '$HOME', 'q"uo\\te', "it's"]) {
    const file = writeManifest(folder.path(`${name}/web.pod.yaml`));
    const text = await podOk(['generate', 'systemd', file], { root });
    assert.equal(await verify(text), '', text);
    const { stdout } = await execa('sh', ['-c', `printf '%s\\n' ${await commandOf(text)}`]);
    assert.deepEqual(stdout.split('\n').slice(2), ['run', '--root', root, '--rm', file]);
  }
});

test('systemd takes a unit that watches a folder, or one of a repository', async () => {
  const dir = folder.path('watched $HOME');
  mkdirSync(dir);
  for (const [target, name] of [
    [dir, dir],
    ['git+https://host/repo//a%20b?ref=main', 'git+https://host/repo//a%20b?ref=main'],
  ] as const) {
    const text = await podOk(['generate', 'systemd', target, '--set', 'w', '--prune', '--resync', '10m'], { root });
    assert.equal(await verify(text), '', text);
    const { stdout } = await execa('sh', ['-c', `printf '%s\\n' ${await commandOf(text)}`]);
    const words = ['apply', '--root', root, '--watch', '-f', name, '--set', 'w', '--prune', '--resync', '10m'];
    assert.deepEqual(stdout.split('\n').slice(2), words);
    // A set could not be called so, which the service would say at each start.
    for (const more of [[], ['--set', 'x y']]) {
      const { exitCode, stderr } = await pod(['generate', 'systemd', target, ...more], { root });
      assert.equal(exitCode, 1);
      assert.match(stderr, /\[set\/name\]/);
    }
  }
  assert.equal((await pod(['generate', 'systemd', dir, '--rm'], { root })).exitCode, 2);
});

test('a folder whose name holds lines is one line of the description', async () => {
  const dir = folder.path('two\nExecStartPre=no\\');
  mkdirSync(dir);
  const text = await podOk(['generate', 'systemd', dir, '--set', 'two'], { root });
  assert.equal(await verify(text), '', text);
  assert.doesNotMatch(text, /^ExecStartPre/m);
  assert.match(text, /^Description=pod folder .*two\?ExecStartPre=no\\ \/\nRequiresMountsFor=/m);
});

test('the time to stop is that of all apps, one after another', async () => {
  const text = await podOk(['generate', 'systemd', writeManifest(folder.path('grace.yaml'))], { root });
  assert.match(text, /^TimeoutStopSec=23s$/m);
});

test('flags of the run go into the unit, and those it would refuse are refused', async () => {
  const file = writeManifest(folder.path('flags.yaml'));
  const text = await podOk(['generate', 'systemd', file, '--net', 'none', '--frozen'], { root });
  assert.match(text, new RegExp(` --rm --net none --frozen ${file}$`, 'm'));
  const signers = ['generate', 'systemd', folder.dir, '--ref=main', '--allowed-signers=keys/signers'];
  const watching = await podOk(signers, { root, cwd: folder.dir });
  assert.match(watching, new RegExp(` --ref main --allowed-signers ${folder.path('keys/signers')}$`, 'm'));
  const refusedForFolders = [['--dry-run'], ['--plan', 'p'], ['-f', 'other'], ['--allow-empty'], ['--resync', '1ms']];
  for (const words of refusedForFolders)
    assert.equal((await pod(['generate', 'systemd', folder.dir, ...words], { root })).exitCode, 2, words.join(' '));
  const refused = [['--nett', 'x'], ['other.yaml'], ['--net', 'moon'], ['-d'], ['-i'], ['--help'], ['--timeout', 'x']];
  for (const words of refused)
    assert.equal((await pod(['generate', 'systemd', file, ...words], { root })).exitCode, 2, words.join(' '));
});

test('the state directory is the one that was said, before the target or behind it', async () => {
  const other = folder.path('other root');
  for (const target of [folder.dir, writeManifest(folder.path('rooted.yaml'))]) {
    const before = await podOk(['generate', '--root', other, 'systemd', target]);
    const behind = await podOk(['generate', 'systemd', target, '--root', 'other root'], { cwd: folder.dir });
    assert.equal(behind, before);
    assert.match(behind, new RegExp(`^RequiresMountsFor="${other}" ${target}$`, 'm'));
    assert.equal(behind.match(/--root/g)!.length, 1);
  }
});

test('a manifest with errors has no unit', async () => {
  const file = folder.write('bad.yaml', 'apiVersion: pod/v1\nkind: Pod\nmetadata: {name: x}\napps: []\nother: 1\n');
  const { exitCode, stdout, stderr } = await pod(['generate', 'systemd', file], { root });
  assert.deepEqual([exitCode, stdout], [1, '']);
  assert.match(stderr, /bad\.yaml:5:1/);
});

test('a manifest has no unit while its isolators are wrong, which is reported with the rest', async () => {
  const app = '{name: a, image: host, exec: [/x], isolators: {resource/cpu: {request: 2, limit: 1}}}';
  const text = `apiVersion: pod/v1\nkind: Pod\nmetadata: {name: x}\napps: [${app}]\n`;
  for (const [more, lines] of [
    ['', [4]],
    ['other: 1\n', [4, 5]],
  ] as const) {
    const file = folder.write('isolators.yaml', text + more);
    const { exitCode, stdout, stderr } = await pod(['generate', 'systemd', file], { root });
    assert.deepEqual([exitCode, stdout], [1, '']);
    const found = [...stderr.matchAll(/isolators\.yaml:(\d+):\d+: error/g)].map(([, line]) => Number(line));
    assert.deepEqual(found, lines, stderr);
  }
});

test('a service says when its apps run and when it stops, and the unit of its pod is that of its file', async () => {
  using socket = new NotifySocket(join(folder.dir, 'notify'));
  const file = writeManifest(folder.path('told.yaml'));
  const service = new PodProcess(root, ['run', '--rm', file], undefined, { NOTIFY_SOCKET: socket.address });
  const [, status] = socket.waitFor(/^READY=1$/);
  assert.match(status!, /^STATUS=pod unit runs: [0-9a-f-]{36}$/);
  const fromPod = await podOk(['generate', 'systemd', 'unit'], { root });
  assert.equal(fromPod, await podOk(['generate', 'systemd', file], { root }));
  writeFileSync(file, shellManifest('unit', { a: 'true' }));
  assert.match((await pod(['generate', 'systemd', 'unit'], { root })).stderr, /manifest\/unreadable/);
  service.signal('SIGTERM');
  socket.waitFor(/^STOPPING=1$/);
  assert.equal(await service.ended(), 0);
  assert.match(service.output, /stops/);
});
