import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { type Pod, PodError, PodErrors, run } from '../../../stages/stage0/index.ts';
import { pod as podCli } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { untilLogged } from '../stage1/pods.ts';

const root = useTempRoot();
const folder = mkdtempSync('/var/tmp/pod-library-');
after(() => rmSync(folder, { recursive: true }));

function manifest(name: string, script: string): object {
  return {
    apiVersion: 'pod/v1',
    kind: 'Pod',
    metadata: { name },
    network: { mode: 'none' },
    apps: [{ name: 'main', image: 'host', exec: ['/bin/sh', '-c', script] }],
  };
}

test('run resolves when the apps have started; the pod says who it is and ends with its code', async () => {
  const pod = await run(manifest('short', 'echo out; echo err >&2; exit 4'), { root });
  assert.deepEqual([pod.name, pod.apps, pod.ips], ['short', ['main'], []]);
  assert.match(pod.uuid, /^[0-9a-f-]{36}$/);
  assert.equal(await pod.exit, 4);
  assert.equal(pod.status()?.state, 'exited');
  const entries = pod.logs().map(({ app, stream, text }) => [app, stream, text]);
  assert.deepEqual(entries, [
    ['main', 'stdout', 'out'],
    ['main', 'stderr', 'err'],
  ]);
  await pod.remove();
  assert.equal(pod.status(), undefined);
});

test('a pod starts without an app whose hook fails, and its status says so', async () => {
  const hooks = { preStart: ['/bin/sh', '-c', 'exit 3'] };
  const [other, main] = [manifest('hook', 'true'), manifest('hook', 'sleep 1000')] as { apps: object[] }[];
  const apps = [{ ...other!.apps[0], name: 'other', hooks }, ...main!.apps];
  await using pod = await run({ ...main, apps }, { root });
  const found = pod.status()!.apps.map((app) => [app.state, app.startedAt === null, app.exitCode]);
  assert.deepEqual(found, [
    ['exited', true, 3],
    ['running', false, null],
  ]);
});

test('a bridge pod has an address of each family, and frees them', async () => {
  const bridged = { ...manifest('bridged', 'sleep 1000'), network: { mode: 'bridge' } };
  let first: readonly string[];
  {
    await using pod = await run(bridged, { root });
    first = pod.ips;
    assert.equal(first.length, 2);
    const { stdout } = await pod.exec(['/bin/cat', '/etc/hosts']);
    assert.ok(
      first.every((ip) => stdout.includes(ip)),
      stdout,
    );
  }
  assert.deepEqual(readdirSync(`${root}/claims/ip4`), []);
});

test('exec collects what a command prints, side by side with others', async () => {
  await using pod = await run(manifest('exec', 'sleep 1000'), { root });
  const words = Array.from({ length: 20 }, (_, i) => `word-${i}`);
  const results = await Promise.all(
    words.map((word) => pod.exec(['/bin/sh', '-c', `echo ${word}; echo e >&2; exit 3`])),
  );
  assert.deepEqual(
    results,
    words.map((word) => ({ exitCode: 3, stdout: `${word}\n`, stderr: 'e\n' })),
  );
  await assert.rejects(pod.exec(['no-such-command']), codeIs('pod/command-not-found'));
  await assert.rejects(pod.exec(['/bin/true'], { app: 'nobody' }), codeIs('pod/app-not-found'));
});

test('kill and stop end it; both are no error when it has ended', async () => {
  const killed = await run(manifest('killed', 'sleep 1000'), { root });
  await killed.kill();
  assert.equal(await killed.exit, 137);
  await killed.kill();
  assert.equal(await killed.stop(), 137);
  await killed.remove();
  const stopped = await run(manifest('stopped', "trap 'exit 9' TERM; echo up; while :; do sleep 0.02; done"), { root });
  assert.equal([9, 143].includes(await stopped.stop()), true);
  await stopped.remove();
});

test('await using removes the pod, whatever happens in between', async () => {
  let pod: Pod | undefined;
  await assert.rejects(async () => {
    await using held = await run(manifest('held', 'sleep 1000'), { root });
    pod = held;
    throw new Error('in between');
  }, /in between/);
  assert.equal(pod?.status(), undefined);
});

test('a manifest that is wrong is all its errors, with their places, and nothing is left', async () => {
  const path = `${folder}/wrong.yaml`;
  writeFileSync(
    path,
    'apiVersion: pod/v1\nkind: Pod\nmetadata: {name: x}\napps:\n  - {name: a, imag: host}\n  - {name: a, image: host}\n',
  );
  await assert.rejects(run(path, { root }), (error) => {
    assert.ok(error instanceof PodErrors && error.errors.length >= 2);
    return error.errors.every(({ at }) => at?.file === path);
  });
  const { stdout } = await podCli(['ps', '-a', '-o', 'json'], { root });
  assert.deepEqual(JSON.parse(stdout), []);
});

test('an aborted run starts nothing', async () => {
  const signal = AbortSignal.abort(new Error('not wanted'));
  await assert.rejects(run(manifest('aborted', 'sleep 1000'), { root, signal }), /not wanted/);
  const { stdout } = await podCli(['ps', '-a', '-o', 'json'], { root });
  assert.deepEqual(JSON.parse(stdout), []);
});

/** What programs that nobody has checked the types of pass. */
const WRONG_SETTINGS: readonly (readonly [settings: unknown, what: RegExp])[] = [
  [{ rot: '/x' }, /no option "rot"/],
  [{ root: '' }, /option "root" is empty/],
  [{ root: 5, signal: {} }, /"root" is not a text[^]*"signal" is not an AbortSignal/],
  [{ name: 'a\0b' }, /"name" has a NUL in it/],
  [null, /its options are null/],
];

test('what is no manifest, and settings that are none, are told of and start nothing', async () => {
  for (const [settings, what] of WRONG_SETTINGS)
    await assert.rejects(run(manifest('wrong', 'sleep 1000'), settings as never), what);
  for (const wrong of [undefined, 5, '']) await assert.rejects(run(wrong as never, { root }), codeIs('test/options'));
  for (const path of [`${folder}/none.yaml`, folder])
    await assert.rejects(run(path, { root }), codeIs('manifest/unreadable'));
  const { stdout } = await podCli(['ps', '-a', '-o', 'json'], { root });
  assert.deepEqual(JSON.parse(stdout), []);
});

const WRONG_EXECS: readonly (readonly [argv: unknown, settings: unknown, what: RegExp])[] = [
  [['/bin/echo', 'a\0b'], {}, /without NUL/],
  [['/bin/true'], { timeout: 5 }, /no option "timeout"/],
  [['/bin/true'], { user: 33 }, /"user" is not a text/],
  [['/bin/true'], { env: { 'A=B': 'c' } }, /invalid variable: "A=B": "c"/],
  [['/bin/true'], { env: { A: undefined } }, /invalid variable: "A": undefined/],
  [['/bin/true'], { env: { A: 'b\0' } }, /invalid variable/],
];

test('a pod takes no command, time or signal that is none, and says which apps it has', async () => {
  const pod = await run(manifest('asked', 'echo up; sleep 1000'), { root });
  for (const [argv, settings, what] of WRONG_EXECS)
    await assert.rejects(pod.exec(argv as never, settings as never), what);
  for (const graceMs of [-1, Number.NaN, Infinity, '5'])
    await assert.rejects(pod.stop({ graceMs } as never), /"graceMs" is/);
  await assert.rejects(pod.kill(9 as never), /the signal is not a text/);
  assert.throws(() => pod.logs('man'), codeIs('pod/app-not-found'));
  // Not half a millisecond: the app may need a whole one to end.
  assert.equal(await pod.stop({ graceMs: 10_000.5 }), 143);
  await pod.remove();
  assert.throws(() => pod.logs(), codeIs('pod/not-found'));
});

function codeIs(code: string): (error: unknown) => boolean {
  return (error) => error instanceof PodError && error.code === code;
}

test('a paused pod is one until it is resumed, takes no command meanwhile, and is stopped all the same', async () => {
  await using pod = await run(manifest('pausing', 'trap "exit 7" TERM; echo up; sleep 1000 & wait'), { root });
  await untilLogged(root, pod, 'up');
  await pod.pause();
  assert.equal(pod.status()?.state, 'paused');
  await assert.rejects(pod.exec(['/bin/true']), (error) => error instanceof PodError && error.code === 'pod/state');
  assert.deepEqual([pod.resume(), pod.resume()], [true, false]);
  assert.equal((await pod.exec(['/bin/true'])).exitCode, 0);
  await pod.pause();
  assert.equal(await pod.stop(), 7);
  await assert.rejects(pod.pause(), (error) => error instanceof PodError && error.code === 'pod/state');
});
