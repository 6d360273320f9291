import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { cliEnvironment, commandLine, pod } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { shell } from './pods.ts';

const root = useTempRoot();

const SHOW = [
  'grep Cpus_allowed_list /proc/self/status',
  'cut -d" " -f19,41 /proc/self/stat',
  'cat /proc/self/personality',
  'cut -c1-68 /proc/self/limits',
  'ls /proc/self/fd | wc -l',
].join('; ');

function manifest(script: string): string {
  return JSON.stringify({
    apiVersion: 'pod/v1',
    kind: 'Pod',
    metadata: { name: 'caller' },
    network: { mode: 'none' },
    apps: [shell('main', script, { isolators: { 'resource/cpu': { limit: '1' } } })],
  });
}

/** What an app sees when `pod run` is called through a command that changes the process. */
async function seenUnder(...wrapper: readonly string[]): Promise<string> {
  const [file, ...args] = [...wrapper, process.execPath, ...commandLine(['run', '--rm', '-'], root)];
  const child = spawn(file!, args, { env: cliEnvironment(), stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(manifest(SHOW));
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'close')]);
  assert.equal(code, 0);
  return output;
}

const WRAPPERS: readonly (readonly string[])[] = [
  ['chrt', '-f', '10'],
  ['taskset', '1'],
  ['nice', '-n', '7'],
  ['setarch', '-R'],
  ['prlimit', '--sigpending=7:', '--rttime=5000:', '--nofile=500:', '--memlock=4096:'],
];
for (const wrapper of WRAPPERS) {
  test(`an app under "${wrapper.join(' ')} pod run" does not notice`, async (t) => {
    if (spawnSync(wrapper[0]!, [...wrapper.slice(1), 'true']).status !== 0)
      return t.skip(`"${wrapper.join(' ')}" does not work here`);
    assert.equal(await seenUnder(...wrapper), await seenUnder('env'));
  });
}

test('a pod that runs on keeps none of its caller’s descriptors open', async () => {
  const [node, args] = [process.execPath, commandLine(['run', '-d', '-'], root)];
  const child = spawn(node, args, { env: cliEnvironment(), stdio: ['pipe', 'pipe', 'inherit', 'pipe'] });
  child.stdin!.end(manifest('sleep 600'));
  // Resolves only when nobody holds the other end of the fourth descriptor any more.
  const [uuid] = await Promise.all([
    text(child.stdout!),
    text(child.stdio[3] as NodeJS.ReadableStream),
    once(child, 'close'),
  ]);
  assert.equal((await pod(['rm', '--force', uuid.trim()], { root })).exitCode, 0);
});

test('a pod that runs on does not keep its caller’s directory busy', async () => {
  const child = spawn(process.execPath, commandLine(['run', '-d', '-'], root), {
    cwd: root,
    env: cliEnvironment(),
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(manifest('sleep 600'));
  const [uuid] = await Promise.all([text(child.stdout), once(child, 'close')]);
  const busy = spawnSync(
    'sh',
    ['-c', 'for p in /proc/[0-9]*; do case $(cat $p/comm) in stage1*) readlink $p/cwd;; esac; done'],
    { encoding: 'utf8' },
  );
  assert.ok(!busy.stdout.split('\n').includes(root));
  assert.equal((await pod(['rm', '--force', uuid.trim()], { root })).exitCode, 0);
});
