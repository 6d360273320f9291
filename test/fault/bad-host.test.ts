import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { execa } from 'execa';
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { expectNoLeaks } from '../harness/leaks.ts';
import { TOP } from '../harness/paths.ts';
import { cliEnvironment, podOk } from '../harness/pod-cli.ts';
import { removeRoot, useTempRoot } from '../harness/temp-root.ts';
import { assertRefused, manifestWith, type Refusal, whatIsIn } from './refused.ts';

const root = useTempRoot();
const scratch = mkdtempSync('/var/tmp/pod-host-');
const BRIDGE = { workingDirectory: '/' };
expectNoLeaks();
after(() => rmSync(scratch, { recursive: true, force: true }));
// The image is not what is tested here.
before(async () => void (await podOk(['run', '--rm', '-'], { root, input: manifestWith() })));

/** Runs the launch where the script has changed what it sees of the host. */
function whereHost(script: string): string[] {
  return ['unshare', '--mount', 'sh', '-ec', `${script}\nexec "$0" "$@"`];
}

const HOSTS: Readonly<Record<string, readonly [readonly string[], Refusal]>> = {
  'without root': [
    ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'],
    { code: 'state/io', says: /permission denied.*\n.*--root/ },
  ],
  'with few open files allowed': [['prlimit', '--nofile=64:64'], { code: 'host/unsupported', says: /ulimit -Hn/ }],
  'with another thing in place of a device': [
    whereHost('mount --bind /etc/hostname /dev/full'),
    { code: 'pod/start-failed', at: '1:1', says: /"\/dev\/full" \(1:7\)/ },
  ],
  'without a device': [
    whereHost(`mount -t tmpfs none ${scratch}
      for n in 'null 3' 'zero 5' 'random 8' 'urandom 9'; do set -- "$@" ; mknod ${scratch}/\${n% *} c 1 \${n#* }; done
      mount --bind ${scratch} /dev`),
    { code: 'pod/start-failed', at: '1:1', says: /"\/dev\/full" .*no such file/ },
  ],
  'with read-only cgroups': [
    whereHost(
      `awk '$3 ~ /^cgroup/ {print $2}' /proc/mounts | while read -r dir; do mount -o remount,bind,ro "$dir"; done`,
    ),
    { code: 'pod/start-failed', says: /cgroup.*read-only file system/ },
  ],
};

for (const [name, [wrapper, expected]] of Object.entries(HOSTS)) {
  test(`${name}, the error says what is missing, and nothing is left`, () =>
    assertRefused(manifestWith(BRIDGE), { root, wrapper, expected }));
}

test('a limit whose cgroup hierarchy is not there is refused at its line', async () => {
  const manifest = manifestWith({ isolators: { 'resource/memory': { limit: '64Mi' } } });
  const wrapper = whereHost(`awk '$3 ~ /^cgroup/ {print $2}' /proc/mounts | while read -r dir; do umount "$dir"; done`);
  await assertRefused(manifest, { root, wrapper, expected: { code: 'host/unsupported', at: '9:17' } });
});

test('a state directory on a read-only file system is an error that says so', async () => {
  const readOnly = `${scratch}/read-only`;
  mkdirSync(readOnly);
  const wrapper = whereHost(`mount -t tmpfs -o ro,mode=0700 none ${readOnly}`);
  await assertRefused(manifestWith(), {
    root: readOnly,
    wrapper,
    expected: { code: 'state/io', says: /read-only file system/ },
  });
});

test('a state directory that cannot be idmapped is an error that says so', async () => {
  const ram = `${scratch}/ram`;
  mkdirSync(ram);
  const wrapper = whereHost(`mount -t ramfs none ${ram}`);
  const expected = { code: 'pod/start-failed', says: /user namespace: invalid argument/ };
  await assertRefused(manifestWith(), { root: ram, wrapper, expected });
});

for (const [userns, says] of [
  ['auto', /map the owners .*\n +hint: .*ext4 or xfs .*--root/],
  ['host', /mount the root file system .*\n +hint: .*ext4 or xfs \(--root\)/],
] as const) {
  test(`a state directory on an overlay, as in a container, with "userns: ${userns}"`, async () => {
    const dirs = ['lower', 'upper', 'work', 'merged'].map((name) => `${scratch}/overlay-${userns}/${name}`);
    for (const dir of dirs) mkdirSync(dir, { recursive: true });
    const [lower, upper, work, merged] = dirs;
    const wrapper = whereHost(`mount -t overlay -o lowerdir=${lower},upperdir=${upper},workdir=${work} none ${merged}`);
    const manifest = `${manifestWith()}userns: ${userns}\n`;
    await assertRefused(manifest, { root: merged!, wrapper, expected: { code: 'pod/start-failed', says } });
  });
}

test('without its stage1 the error says how to build it', async () => {
  const copy = `${scratch}/copy`;
  for (const part of ['bin/pod.cjs', 'package.json']) cpSync(`${TOP}/${part}`, `${copy}/${part}`);
  cpSync(`${TOP}/dist`, `${copy}/dist`, { recursive: true, filter: (path) => !/stage1-|\/test$/.test(path) });
  cpSync(`${TOP}/node_modules/koffi`, `${copy}/node_modules/koffi`, { recursive: true });
  cpSync(`${TOP}/node_modules/@koromix`, `${copy}/node_modules/@koromix`, { recursive: true });
  const command = [`${copy}/bin/pod.cjs`, 'run', '--root', root, '-'];
  const { exitCode, stderr } = await execa(process.execPath, command, {
    input: manifestWith(),
    env: cliEnvironment(),
    extendEnv: false,
    reject: false,
  });
  assert.equal(exitCode, 125, stderr);
  assert.match(stderr, /\[host\/tool\]\n.*npm run build/);
  assert.deepEqual(whatIsIn(root), []);
});

for (const [what, name] of [
  ['of 160 bytes', 'x'.repeat(160)],
  ['with spaces and quotes', `it's "a b"`],
] as const) {
  test(`a state directory with a name ${what} works to the last verb`, async () => {
    const odd = `${scratch}/${name}`;
    await podOk(['run', '-d', '-'], { root: odd, input: manifestWith({ exec: ['/bin/sleep', '1000'] }) });
    assert.equal(await podOk(['exec', 'refused', '--', '/bin/echo', 'here'], { root: odd }), 'here');
    await podOk(['stop', '--grace', '0s', 'refused'], { root: odd });
    await removeRoot(odd);
  });
}
