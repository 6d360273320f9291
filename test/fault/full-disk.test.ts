import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { execa } from 'execa';
import { expectNoLeaks } from '../harness/leaks.ts';
import { TOP } from '../harness/paths.ts';
import { cliEnvironment, commandLine } from '../harness/pod-cli.ts';
import { manifestWith } from './refused.ts';

const scratch = mkdtempSync('/var/tmp/pod-full-');
const disk = `${scratch}/disk`;
expectNoLeaks();

before(() => {
  cpSync(`${TOP}/dist/test/probe`, `${scratch}/root/bin/true`);
  mkdirSync(disk);
});
after(() => rmSync(scratch, { recursive: true, force: true }));

/** What one run says on a disk with so many blocks and files, in a mount namespace that goes with it; what is left after a success and gc, or a failure. */
async function runOn(limit: string): Promise<{ exitCode: number | undefined; stderr: string; left: string[] }> {
  const script = `mount -t tmpfs -o mode=0700,${limit} none ${disk}
    "$@" <"$0"; code=$?
    [ $code = 0 ] && "$1" "$2" gc --root ${disk} --grace 0s >/dev/null 2>&1
    ls -d ${disk}/pods/[!n]*/* ${disk}/pods/nurseries/*/* ${disk}/claims/*/* ${disk}/images/tmp/* 2>/dev/null
    exit $code`;
  const manifest = `${scratch}/pod.yaml`;
  const wrapped = [
    '--mount',
    'sh',
    '-c',
    script,
    manifest,
    process.execPath,
    ...commandLine(['run', '--rm', '-'], disk),
  ];
  const { exitCode, stderr, stdout } = await execa('unshare', wrapped, {
    env: cliEnvironment(),
    extendEnv: false,
    reject: false,
  });
  return { exitCode, stderr, left: stdout.split('\n').filter((line) => line.startsWith(disk)) };
}

before(async () => {
  const { writeFile } = await import('node:fs/promises');
  const volumes = [{ name: 'data', kind: 'empty' }];
  const app = { image: `dir:${scratch}/root`, exec: ['/bin/true'], mounts: [{ volume: 'data', path: '/data' }] };
  await writeFile(`${scratch}/pod.yaml`, manifestWith(app, volumes));
});

/** A launch takes some 60 files and 15 pages: each limit stops it at another of its steps. */
const FILES = Array.from({ length: 18 }, (_, i) => `nr_inodes=${4 + i * 4}`);
const PAGES = Array.from({ length: 10 }, (_, i) => `size=${4 + i * 8}k`);

test('a disk that gets full at any step is one error, exit 125, and leaves nothing', async () => {
  const phases = new Set<string>();
  for (const limit of [...FILES, ...PAGES]) {
    const { exitCode, stderr, left } = await runOn(limit);
    assert.deepEqual(left, [], `${limit}: ${stderr}`);
    if (exitCode === 0) continue;
    assert.equal(exitCode, 125, `${limit}: ${stderr}`);
    assert.match(stderr, /no space left on device/i, limit);
    assert.doesNotMatch(stderr, /internal error/, limit);
    phases.add(/error: (\w+ \w+ \w+)/.exec(stderr)?.[1] ?? stderr);
  }
  assert.ok(phases.size >= 4, [...phases].join(', '));
});

test('on a disk that got full while it ran, a pod is stopped, told of and removed', async () => {
  const script = `mount -t tmpfs -o mode=0700,size=24m none ${disk}
    pod() { verb=$1; shift; "$0" "$POD" "$verb" --root ${disk} "$@"; }
    uuid=$(pod run -d ${scratch}/long.yaml) || exit 1
    cat /dev/zero >${disk}/fill 2>/dev/null
    mkdir ${disk}/x && for i in $(seq 9999); do : >${disk}/x/$i || break; done 2>/dev/null
    for step in "exec full -- /bin/true" "ps -a" "stop full" "status full" "logs full" "rm full" "gc --grace 0s"; do
      pod $step >/dev/null || echo "failed: $step"
    done
    ls -d ${disk}/pods/[!n]*/* ${disk}/claims/*/* 2>/dev/null`;
  const { writeFile } = await import('node:fs/promises');
  const app = { exec: ['/bin/sleep', '1000'], stop: { signal: 'SIGKILL' } };
  await writeFile(`${scratch}/long.yaml`, manifestWith(app).replace('name: refused', 'name: full'));
  const [bin] = commandLine(['ps']);
  const { stdout, stderr } = await execa('unshare', ['--mount', 'sh', '-c', script, process.execPath], {
    env: { ...cliEnvironment(), POD: bin! },
    extendEnv: false,
    reject: false,
  });
  assert.equal(stdout, '', stderr);
});

test('a set whose disk is full keeps the pods that it has', async () => {
  const folder = `${scratch}/stays`;
  mkdirSync(folder);
  const app = { name: 'a', image: 'host', exec: ['/bin/sleep', '1000'] };
  const manifest = { apiVersion: 'pod/v1', kind: 'Pod', metadata: { name: 'stays' }, network: { mode: 'none' } };
  writeFileSync(`${folder}/a.pod.yaml`, JSON.stringify({ ...manifest, apps: [app] }));
  const script = `set -e
    mount -t tmpfs -o mode=0700,size=4m none ${disk}
    run() { "$0" "$POD" "$@" --root ${disk}; }
    run apply -f ${folder}
    run status stays -o json | sed -n 's/.*"uuid": *"\\([0-9a-f-]*\\)".*/pod \\1/p'
    dd if=/dev/zero of=${disk}/fill bs=4k 2>/dev/null || true
    truncate -s -32k ${disk}/fill
    sed -i s/1000/1001/ ${folder}/a.pod.yaml
    run apply -f ${folder} || echo "exit $?"
    run status stays -o json | sed -n 's/.*"uuid": *"\\([0-9a-f-]*\\)".*/pod \\1/p'
    rm ${disk}/fill
    run apply -f ${folder}
    run delete -f ${folder}
    run gc --grace 0s`;
  const { all, exitCode } = await execa('unshare', ['--mount', 'sh', '-c', script, process.execPath], {
    env: { ...cliEnvironment(), POD: commandLine(['version'], disk)[0]! },
    extendEnv: false,
    reject: false,
    all: true,
  });
  assert.equal(exitCode, 0, all);
  const [before, after] = all.match(/^pod [0-9a-f-]{36}$/gm)!;
  assert.equal(after, before, all);
  assert.match(all, /the file system of .* has only room for \d+ KiB[^]*exit 3[^]*1 replaced/);
});
