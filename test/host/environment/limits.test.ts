import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import * as pods from '../../../stages/stage0/test.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { podOf, shellPod } from './manifests.ts';
import { toldInTime } from './told-in-time.ts';

const root = useTempRoot();
const { exec, logLine, ready } = pods;

function isError(code: string, text: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof pods.PodError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, text);
    return true;
  };
}

/** Directories of pods in any state. */
function leftPods(): string[] {
  return ['prepare', 'run', 'exited', 'garbage'].flatMap((state) => readdirSync(`${root}/pods/${state}`));
}

/** Its second app waits for the first, which is never ready. */
const STUCK = podOf(
  'stuck',
  ['/bin/sh', '-c', 'echo waiting; sleep 1000'],
  { probes: { ready: { exec: ['/bin/false'], period: '1s' } } },
  {},
) as { apps: object[] };
STUCK.apps.push({ name: 'second', image: 'host', exec: ['/bin/true'], after: [{ app: 'main', condition: 'ready' }] });

test('a clone whose apps do not all start gives up in time, says who waits, and leaves nothing', async () => {
  const manifests = [STUCK, shellPod('other', 'sleep 1000')];
  await toldInTime(
    700,
    (timeoutMs) => pods.environment('stuck', { root, manifests, timeoutMs }).clone(),
    /to start: \d+ ms have passed\n {2}pod "stuck".*app "second" is waiting.*main stdout: waiting/s,
  );
  assert.deepEqual(leftPods(), []);
});

test('a clone gives up when the caller does, also while apps start', async () => {
  const stack = pods.environment('stuck', { root, manifests: [STUCK] });
  await assert.rejects(stack.clone({ signal: AbortSignal.abort(new Error('early')) }), /^Error: early$/);
  const caller = new AbortController();
  const cloning = stack.clone({ signal: caller.signal });
  setTimeout(() => caller.abort(new Error('enough')), 300);
  await assert.rejects(cloning, /^Error: enough$/);
  assert.deepEqual(leftPods(), []);
});

test('the pods of a setup that does not start are given up in time', async () => {
  const stackOf = (timeoutMs: number): pods.Stack =>
    pods.environment('stuck', { root, manifests: [STUCK], timeoutMs, setup: () => undefined });
  await toldInTime(500, (timeoutMs) => stackOf(timeoutMs).clone(), /to start: \d+ ms have passed/);
  assert.deepEqual(leftPods(), []);
});

test('a pod that fails to start ends those that wait for something else', async () => {
  const manifests = [STUCK, podOf('broken', ['/no/such/program'])];
  const stack = pods.environment('stuck', { root, manifests });
  await assert.rejects(stack.clone(), isError('pod/command-not-found', /no\/such\/program/));
  assert.deepEqual(leftPods(), []);
});

test('resets and the end come one after the other, whoever asks for them', async () => {
  const stack = pods.environment('busy', { root, manifests: [shellPod('app', 'sleep 1000')] });
  const e = await stack.clone();
  const { uuid } = e.pods['app']!;
  await Promise.all([e.reset(), e.reset()]);
  assert.notEqual(e.pods['app']!.uuid, uuid);
  assert.equal(leftPods().length, 1);
  const resetting = assert.rejects(e.reset(), isError('pod/state', /it was disposed of/));
  await Promise.all([e.dispose(), e.dispose(), resetting]);
  assert.deepEqual(leftPods(), []);
  await assert.rejects(e.reset(), isError('pod/state', /it was disposed of/));
});

test('a setup that nobody waits for any more ends, with its commands', async () => {
  let tries = 0;
  const ended: Promise<unknown>[] = [];
  const setup = (e: pods.Environment): unknown => {
    if (++tries > 1) return undefined;
    ended.push(e.pods['app']!.exec(['/bin/sleep', '1000']).catch(String));
    return new Promise(() => undefined);
  };
  const stack = pods.environment('endless', { root, manifests: [shellPod('app', 'sleep 1000')], setup });
  const [first, second] = [new AbortController(), new AbortController()];
  const cloning = [first, second].map(({ signal }) => stack.clone({ signal }));
  while (ended.length === 0) await delay(10);
  first.abort(new Error('enough'));
  await assert.rejects(cloning[0]!, /^Error: enough$/);
  assert.equal(leftPods().length, 1);
  second.abort(new Error('enough too'));
  await assert.rejects(cloning[1]!, /^Error: enough too$/);
  await ended[0];
  await using again = await stack.clone();
  assert.deepEqual([tries, leftPods().length], [2, 1]);
  await again.dispose();
});

test('a limit that has passed before anything starts is told as one, and a failed image does not end the process', async () => {
  const stack = pods.environment('early', { root, manifests: [shellPod('app', 'sleep 1000')] });
  await using e = await stack.clone();
  await assert.rejects(e.reset({ timeoutMs: 1 }), isError('pod/timeout', /: 1 ms have passed/));
  await e.reset();
  const missing = podOf('app', ['/bin/true'], { image: 'oci:/no/such/image' });
  const failing = pods.environment('failing', { root, manifests: [missing] });
  await assert.rejects(failing.clone({ signal: AbortSignal.abort(new Error('early')) }), /^Error: early$/);
  const caller = new AbortController();
  const cloning = failing.clone({ signal: caller.signal });
  caller.abort(new Error('enough'));
  await assert.rejects(cloning, /^Error: enough$/);
  await new Promise((resolve) => setTimeout(resolve, 100));
});

test('a reset that is not ready in time says so, and the next is', async () => {
  const probes = { ready: { exec: ['/bin/sh', '-c', 'sleep 0.3'], period: '1s' } };
  const stack = pods.environment('slow', { root, manifests: [shellPod('app', 'sleep 1000', { probes })] });
  await using e = await stack.clone();
  await assert.rejects(e.reset({ timeoutMs: 100 }), isError('pod/timeout', /100 ms have passed/));
  await e.reset();
  assert.equal((await e.pods['app']!.exec(['/bin/true'])).exitCode, 0);
});

test("a pod's waits have the time limit of its environment", async () => {
  const stack = pods.environment('short', { root, manifests: [shellPod('app', 'sleep 1000')], timeoutMs: 500 });
  // The limit is for what is waited for: how long a clone takes is another matter.
  await using e = await stack.clone({ timeoutMs: 60_000 });
  const app = e.pods['app']!;
  await assert.rejects(app.wait(logLine('never')), isError('pod/timeout', /500 ms have passed/));
  await assert.rejects(app.wait(logLine('never'), { timeoutMs: undefined }), isError('pod/timeout', /500 ms/));
  await app.wait(ready(), { timeoutMs: Infinity });
  await app.wait(ready(), { timeoutMs: 5e9 });
});

test('a command that is given up is not left running', async () => {
  const stack = pods.environment('given-up', { root, manifests: [shellPod('app', 'sleep 1000')] });
  await using e = await stack.clone();
  const app = e.pods['app']!;
  const sleeping = async (seconds: number): Promise<boolean> => {
    const { stdout } = await app.exec(['/bin/sh', '-c', 'cat /proc/[0-9]*/cmdline | tr "\\0" " "']);
    return stdout.includes(`sleep ${seconds}`);
  };
  const gone = async (seconds: number): Promise<void> => {
    while (await sleeping(seconds));
  };
  await assert.rejects(
    app.exec(['/bin/sleep', '2001'], { timeoutMs: 200 }),
    isError('pod/timeout', /execute \["\/bin\/sleep","2001"\] in pod .*: 200 ms have passed/),
  );
  await gone(2001);
  const caller = new AbortController();
  const waiting = app.exec(['/bin/sleep', '2002'], { signal: caller.signal });
  while (!(await sleeping(2002)));
  caller.abort(new Error('enough'));
  await assert.rejects(waiting, /^Error: enough$/);
  await gone(2002);
  await assert.rejects(app.wait(exec(['/bin/sleep', '2003']), { timeoutMs: 200 }), isError('pod/timeout', /200 ms/));
  await gone(2003);
});

test('what the options say that cannot be is told at once, before anything starts', async () => {
  const wrong = { manifest: [], egress: 'Allow', timeoutMs: -5, setup: 'migrate', until: 7 } as never;
  assert.throws(
    () => pods.environment('wrong', wrong),
    (error) => {
      assert.ok(error instanceof pods.PodErrors);
      assert.equal(error.errors.length, 5);
      assert.match(error.message, /no option "manifest"/);
      assert.equal(error.errors[0]!.hint, 'did you mean "manifests"?');
      return true;
    },
  );
  assert.throws(
    () => pods.environment('wrong', undefined as never),
    isError('test/options', /its options are undefined/),
  );
  assert.throws(() => pods.environment('wrong', { root } as never), /it has no manifests/);
  const stack = pods.environment('wrong', { root, manifests: [shellPod('app', 'sleep 1000')] });
  await assert.rejects(stack.clone({ timeout: 5 } as never), /no option "timeout"/);
  for (const timeoutMs of [0, -1, NaN, '5' as never]) await assert.rejects(stack.clone({ timeoutMs }), /timeoutMs/);
  assert.deepEqual(leftPods(), []);
  await using e = await stack.clone();
  await assert.rejects(e.wait(undefined as never), isError('test/options', /undefined, which is not a condition/));
  await assert.rejects(e.wait({ app: 5 } as never), isError('test/options', /for "app"/));
  await assert.rejects(
    e.pods['app']!.wait(logLine('x', { app: 'man' })),
    isError('pod/app-not-found', /app "man" in pod "app": it has main/),
  );
});

test('an error in a manifest that is an object says which one it is', () => {
  const manifests = [shellPod('good', 'true'), { ...shellPod('bad', 'true'), apps: 5 }];
  assert.throws(
    () => pods.environment('wrong', { root, manifests }),
    (error) => {
      assert.ok(error instanceof pods.PodErrors);
      assert.equal(error.errors[0]!.at!.file, '<manifests[1]>');
      assert.match(error.message, /^<manifests\[1\]>:\d+:\d+: /);
      return true;
    },
  );
});
