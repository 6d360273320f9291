import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { environment, type EnvironmentOptions, exit, type Stack } from '../../../stages/stage0/test.ts';
import { TOP } from '../../harness/paths.ts';
import { eventually } from '../../harness/eventually.ts';
import { cliEnvironment, podOk } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { shellPod } from './manifests.ts';

const root = useTempRoot();
const folder = mkdtempSync('/var/tmp/pod-snapshot-');
after(() => rmSync(folder, { recursive: true }));
const calls = join(folder, 'calls');
const inputs = join(folder, 'schema.sql');
writeFileSync(inputs, 'one');

/** Root and volume are written to by root and by another user; one file is set-user-ID. */
const FILL = `echo seed > /srv/seed && mkdir /data/of-user && chown 7:8 /data/of-user && echo data > /data/of-user/file
  && rm -r /usr/share/doc && cp /bin/true /data/suid && chmod 4755 /data/suid && setcap cap_net_raw+ep /srv/seed`.replaceAll(
  '\n',
  ' ',
);
const manifest = shellPod(
  'db',
  'trap "echo clean > /data/end; exit 0" TERM; while :; do sleep 0.02; done',
  { mounts: [{ volume: 'data', path: '/data' }] },
  { volumes: [{ name: 'data', kind: 'empty' }] },
);

function stackOf(more: Partial<EnvironmentOptions> = {}): Stack {
  return environment('snap', {
    root,
    inputs,
    manifests: [manifest],
    setup: async (e) => {
      appendFileSync(calls, 'x');
      const { exitCode, stderr } = await e.pods['db']!.exec(['/bin/sh', '-ec', FILL]);
      assert.equal(exitCode, 0, stderr);
    },
    ...more,
  });
}

function timesSetUp(): number {
  return readFileSync(calls, 'latin1').length;
}

const LOOK = [
  '/bin/sh',
  '-c',
  'cat /srv/seed /data/of-user/file /data/end; stat -c "%u:%g %a" /data /data/of-user /data/suid /srv/seed; ls -d /usr/share/doc; getcap /srv/seed',
];
const FOUND = ['seed', 'data', 'clean', '0:0 777', '7:8 755', '0:0 4755', '0:0 644', '/srv/seed cap_net_raw=ep'];

test('setup is called once; every clone has what it left, with its owners, and writes only for itself', async () => {
  const stack = stackOf();
  const clones = await Promise.all([stack.clone(), stack.clone(), stackOf().clone()]);
  try {
    assert.equal(timesSetUp(), 1);
    for (const { pods } of clones) {
      const { stdout } = await pods['db']!.exec(LOOK);
      assert.deepEqual(stdout.trim().split('\n'), FOUND);
    }
    const [first, second] = clones.map(({ pods }) => pods['db']!);
    await first!.exec(['/bin/sh', '-c', 'echo other > /srv/seed; rm -r /data/of-user']);
    assert.deepEqual((await second!.exec(LOOK)).stdout.trim().split('\n'), FOUND);
    await clones[0]!.reset();
    assert.deepEqual((await first!.exec(LOOK)).stdout.trim().split('\n'), FOUND);
  } finally {
    await Promise.all(clones.map((clone) => clone.dispose()));
  }
});

test('owner and mode of a root and of a volume are in a clone what setup made them', async () => {
  const change =
    'chown 33:34 /data; chmod 2750 /data; chmod 711 /; chown 0:12 /; chmod 1777 /more; stat -c "%u:%g %a" / /data /more';
  const mounts = ['data', 'more'].map((volume) => ({ volume, path: `/${volume}` }));
  const volumes = mounts.map(({ volume }) => ({ name: volume, kind: 'empty' }));
  const wanted: string[] = [];
  const stack = environment('roots', {
    root,
    manifests: [
      shellPod('own', 'sleep 1000', { mounts }, { volumes }),
      shellPod('hosts', 'sleep 1000', { mounts }, { volumes, userns: 'host' }),
    ],
    setup: async ({ pods }) => {
      for (const pod of Object.values(pods)) wanted.push((await pod.exec(['/bin/sh', '-ec', change])).stdout);
    },
  });
  await using clone = await stack.clone();
  assert.equal(wanted[0], '0:12 711\n33:34 2750\n0:0 1777\n');
  const look = ['/bin/stat', '-c', '%u:%g %a', '/', '/data', '/more'];
  const found = await Promise.all(Object.values(clone.pods).map(async (pod) => (await pod.exec(look)).stdout));
  assert.deepEqual(found, wanted);
});

test('it is called again when an input has changed, and not when it changes back', async () => {
  writeFileSync(inputs, 'two');
  await stackOf().prepare();
  assert.equal(timesSetUp(), 2);
  writeFileSync(inputs, 'one');
  await stackOf().prepare();
  assert.equal(timesSetUp(), 2);
});

test('processes that need it at the same time wait for the one that makes it', async () => {
  const script = `const { environment } = require(${JSON.stringify(join(TOP, 'dist/test.cjs'))});
    const setup = () => require('node:fs').appendFileSync(${JSON.stringify(`${calls}.2`)}, 'x');
    environment('together', { ...${JSON.stringify({ root, manifests: [manifest] })}, setup }).prepare();`;
  const run = promisify(execFile);
  await Promise.all([1, 2, 3].map(() => run(process.execPath, ['-e', script], { env: cliEnvironment() })));
  assert.equal(statSync(`${calls}.2`).size, 1);
});

test('a setup that fails leaves nothing, and is tried again', async () => {
  let isBroken = true;
  const stack = environment('fails', {
    root,
    manifests: [manifest],
    setup: () => {
      if (isBroken) throw new Error('no migrations today');
    },
  });
  await assert.rejects(stack.clone(), /no migrations today/);
  assert.deepEqual(readdirSync(`${root}/snapshots/fails`), []);
  assert.deepEqual(readdirSync(`${root}/pods/run`), []);
  isBroken = false;
  await stack.prepare();
  assert.equal(readdirSync(`${root}/snapshots/fails`).length, 1);
});

test('what a setup leaves is not kept when its command, or a pod of it, has failed', async () => {
  const setups: readonly [string, NonNullable<EnvironmentOptions['setup']>, RegExp][] = [
    ['returns', (e) => e.pods['db']!.exec(['/bin/sh', '-c', 'echo no table >&2; exit 3']), /ended with 3:\nno table/],
    [
      'list',
      (e) => Promise.all(['true', 'false'].map((name) => e.pods['db']!.exec([`/bin/${name}`]))),
      /ended with 1$/,
    ],
    [
      'dies',
      async ({ pods: { db } }) => {
        await db!.exec(['/bin/sh', '-c', 'kill -9 -1']).catch(() => undefined);
        await db!.wait(exit());
      },
      /pod "db" was not as it should be at the end: it has exited\n.*exit code 137/,
    ],
    ['gone', (e) => e.dispose(), /pod "db" was not as it should be at the end: it was removed/],
  ];
  for (const [name, setup, message] of setups) {
    const stack = environment(name, { root, manifests: [manifest], setup });
    await assert.rejects(stack.prepare(), { code: 'test/setup', message });
    assert.deepEqual(readdirSync(`${root}/snapshots/${name}`), []);
  }
  assert.deepEqual(readdirSync(`${root}/pods/run`), []);
});

test('with POD_TEST_KEEP a setup that has failed is left up with its files, and one that is done is not', async () => {
  const prepare = (setup: string): Promise<{ stdout: string; stderr: string }> => {
    const script = `const { environment } = require(${JSON.stringify(join(TOP, 'dist/test.cjs'))});
      environment('looked', { ...${JSON.stringify({ root, manifests: [manifest] })}, setup: ${setup} }).prepare()
        .then(() => console.log('done'), () => console.log('failed'));`;
    return promisify(execFile)(process.execPath, ['-e', script], { env: cliEnvironment({ POD_TEST_KEEP: 'always' }) });
  };
  const write = `e.pods.db.files.write('/srv/half', 'half'); e.pods.db.files.write('/data/half', 'too');`;
  const failed = await prepare(`(e) => { ${write} throw new Error('boom'); }`);
  assert.equal(failed.stdout, 'failed\n');
  const [, name = ''] = /pod rm --force --root \S+ (\S+)/.exec(failed.stderr) ?? [];
  assert.equal(await podOk(['exec', name, '--', '/bin/cat', '/srv/half', '/data/half'], { root }), 'halftoo');
  await podOk(['rm', '--force', name], { root });
  const done = await prepare(`(e) => { ${write} }`);
  assert.deepEqual(done, { stdout: 'done\n', stderr: '' });
  assert.deepEqual(readdirSync(`${root}/pods/run`), []);
});

test('a pod that setup has brought to its end is kept as it is', async () => {
  const stack = environment('ended', {
    root,
    manifests: [shellPod('db', 'while [ ! -e /srv/end ]; do sleep 0.02; done')],
    async setup({ pods: { db } }) {
      db!.files.write('/srv/end', 'here');
      await db!.wait(exit(0));
    },
  });
  await stack.prepare();
  assert.equal(readdirSync(`${root}/snapshots/ended`).length, 1);
});

test('a setup that wants a clone of what it sets up is told so, and does not wait for itself', async () => {
  const stack: Stack = environment('self', {
    root,
    manifests: [manifest],
    setup: async () => {
      await new Promise(setImmediate);
      await stack.clone();
    },
  });
  // Others may wait meanwhile.
  const clones = [stack.clone(), stack.clone()];
  for (const clone of clones) await assert.rejects(clone, /its setup is still running, and would wait for itself/);
});

test('a setup whose text says nothing is refused, and so is a directory among the inputs', async () => {
  assert.throws(() => stackOf({ setup: String }), /option "setup" is a bound or native function/);
  await assert.rejects(
    stackOf({ inputs: folder }).prepare(),
    /read ".*", which is one of option "inputs": it is a directory/,
  );
});

test('what a setup that was killed has left goes with its process, as its pods do', async () => {
  const script = `const { environment } = require(${JSON.stringify(join(TOP, 'dist/test.cjs'))});
    const setup = () => { console.log('up'); return new Promise((resolve) => setTimeout(resolve, 60_000)); };
    environment('killed', { ...${JSON.stringify({ root, manifests: [manifest] })}, setup }).prepare();`;
  const child = spawn(process.execPath, ['-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: cliEnvironment(),
  });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const staging = `${root}/snapshots/killed/.staging`;
  await podOk(['gc'], { root });
  assert.equal(existsSync(staging), true);
  child.kill('SIGKILL');
  await eventually(async () => assert.deepEqual(readdirSync(`${root}/pods/run`), []));
  await eventually(async () => assert.equal(existsSync(staging), false));
});

test('so does a directory that was only just made for one', async () => {
  const staging = JSON.stringify(`${root}/snapshots/early/.staging`);
  // Killed when it opens what it needs for the first process it starts.
  const script = `const fs = require('node:fs');
    const open = fs.openSync;
    fs.openSync = (...args) => (args[0] === '/dev/null' && fs.existsSync(${staging}) ? process.kill(process.pid, 'SIGKILL') : open(...args));
    const { environment } = require(${JSON.stringify(join(TOP, 'dist/test.cjs'))});
    const setup = () => undefined;
    environment('early', { ...${JSON.stringify({ root, manifests: [manifest] })}, setup }).prepare();`;
  await assert.rejects(promisify(execFile)(process.execPath, ['-e', script], { env: cliEnvironment() }), {
    signal: 'SIGKILL',
  });
  await eventually(async () => assert.deepEqual(readdirSync(`${root}/snapshots/early`), []));
});

test('so does what one has left in which its process ends by itself', async () => {
  const script = `const { environment } = require(${JSON.stringify(join(TOP, 'dist/test.cjs'))});
    environment('exits', { ...${JSON.stringify({ root, manifests: [manifest] })}, setup: () => process.exit(0) }).prepare();`;
  await promisify(execFile)(process.execPath, ['-e', script], { env: cliEnvironment() });
  await eventually(async () => assert.deepEqual(readdirSync(`${root}/snapshots/exits`), []));
  await eventually(async () => assert.deepEqual(readdirSync(`${root}/pods/run`), []));
});

test('a snapshot is kept as long as a process clones from it, however many others are made', async () => {
  const contentOf = (version: number): Stack =>
    environment('many', {
      root,
      manifests: [shellPod('db', 'sleep 1000', { env: { VERSION: `${version}` } })],
      setup: (e) => e.pods['db']!.files.write('/srv/version', `${version}`),
    });
  const versionIn = async (stack: Stack): Promise<string> => {
    await using clone = await stack.clone();
    return String(clone.pods['db']!.files.read('/srv/version'));
  };
  const first = contentOf(0);
  assert.equal(await versionIn(first), '0');
  // As another process, whose snapshots nobody holds once it has ended.
  const script = `const { environment } = require(${JSON.stringify(join(TOP, 'dist/test.cjs'))});
    (async () => { for (let i = 1; i < 6; i++) await environment('many', { root: ${JSON.stringify(root)},
      manifests: [${JSON.stringify(shellPod('db', 'sleep 1000'))}], inputs: [], setup: Function('return ' + i) }).prepare(); })();`;
  await promisify(execFile)(process.execPath, ['-e', script], { env: cliEnvironment() });
  assert.equal(await versionIn(first), '0');
  assert.equal(await versionIn(contentOf(7)), '7');
  // Nobody's but the last three.
  assert.equal(readdirSync(`${root}/snapshots/many`).length, 5);
});
