import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import * as pods from '../../../stages/stage0/test.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { podOf, serverPod, shellPod } from './manifests.ts';
import { failure, toldInTime } from './told-in-time.ts';

const root = useTempRoot();
const { all, any, exec, exit, http, logLine, port, ready } = pods;

function clone(...manifests: object[]): Promise<pods.Environment> {
  return pods.environment('waits', { root, manifests }).clone({ until: false });
}

const WEB = podOf('web', [
  '/usr/bin/node',
  '-e',
  `require('node:http').createServer((q, r) => { r.statusCode = q.url === '/new' ? 201 : 503; r.end(); }).listen(80, '0.0.0.0');
   require('node:net').createServer().listen(81, '127.0.0.1');`,
]);

test('a port is open when something listens on it that can be dialled', async () => {
  await using e = await clone(WEB);
  const web = e.pods['web']!;
  await web.wait(port(80));
  await web.wait(exec(['/bin/bash', '-c', 'exec 3<>/dev/tcp/127.0.0.1/81']));
  const wait = (timeoutMs: number): Promise<void> => web.wait(port(81), { timeoutMs });
  await toldInTime(60, wait, 'to have port 81 open: ', 'last try: it is open on the loopback only');
});

test('http waits for an answer of that status', async () => {
  await using e = await clone(WEB);
  const web = e.pods['web']!;
  await web.wait(all(http(80, '/new', { status: 201 }), http(80, '/new')));
  await web.wait(any(http(80, '/'), http(80, '/', { status: 503 })));
  await toldInTime(500, (timeoutMs) => web.wait(http(80, '/'), { timeoutMs }), 'last try: status 503');
});

test('a try that is not answered is followed by others, and told when it was the last', async () => {
  const once = `require('node:http').createServer((q, r) => { if (q.url !== '/never' && globalThis.asked) r.end(); globalThis.asked = true; }).listen(80)`;
  await using e = await clone(podOf('web', ['/usr/bin/node', '-e', once]));
  const web = e.pods['web']!;
  await web.wait(http(80), { timeoutMs: 60_000 });
  await web.wait(exec(['/bin/sh', '-c', 'test -e /srv/asked || { > /srv/asked; sleep 1000; }'], { timeoutMs: 200 }));
  await toldInTime(1200, (timeoutMs) => web.wait(http(80, '/never'), { timeoutMs }), 'last try: no answer');
  const sleep = exec(['/bin/sleep', '1000']);
  await toldInTime(300, (timeoutMs) => web.wait(sleep, { timeoutMs }), 'last try: it did not end so far');
});

test('a log line is found whether it was written before or comes later', async () => {
  await using e = await clone(
    shellPod('app', 'mkfifo /srv/fifo; echo early; read line < /srv/fifo; echo "late $line"; sleep 1000'),
  );
  const app = e.pods['app']!;
  await app.wait(logLine('early'));
  const late = app.wait(logLine(/^late \d+$/));
  await app.exec(['/bin/sh', '-c', 'echo 7 > /srv/fifo']);
  await late;
});

test('a line that comes in pieces is one line, with what the other stream says in between', async () => {
  const script = `mkfifo /srv/fifo; printf 'server lis'; echo other >&2; read go < /srv/fifo; printf 'tening\\n'
    printf '€%.0s' $(seq 20000); printf ' long\\n'; printf 'prompt> '; sleep 1000`;
  await using e = await clone(podOf('app', ['/bin/bash', '-ec', script]));
  const app = e.pods['app']!;
  await app.wait(all(logLine('server lis'), logLine(/^other$/)));
  const whole = app.wait(all(logLine(/^server listening$/), logLine(/^€{20000} long$/), logLine(/> $/)));
  await app.exec(['/bin/sh', '-c', 'echo > /srv/fifo']);
  await whole;
  const lines = app.logs().map(({ stream, text }) => `${stream} ${text}`);
  const expected = ['stderr other', 'stdout prompt> ', 'stdout server listening', `stdout ${'€'.repeat(20_000)} long`];
  assert.deepEqual(lines.toSorted(), expected);
});

test('exit waits for the end, with its code; what ended otherwise is told at once', async () => {
  await using e = await clone(shellPod('good', 'exit 0'), shellPod('bad', 'echo why >&2; exit 3'));
  await e.wait({ good: exit(0), bad: exit() });
  await assert.rejects(
    e.wait({ bad: exit(0) }),
    failure('pod/died', 'to end with 0: it has ended with 3', 'main stderr: why'),
  );
});

test('an app that fails for good keeps nobody waiting, and is told with its end and its last lines', async () => {
  const script = 'i=0; while [ $i -lt 30 ]; do i=$((i+1)); echo "line $i"; done; kill -SEGV $$';
  const probes = { ready: { exec: ['/bin/false'], period: '10s' } };
  await using e = await clone(shellPod('app', script, { probes }));
  await assert.rejects(
    e.wait(ready(), { timeoutMs: 60_000 }),
    failure(
      'pod/died',
      'to be ready',
      'killed by signal 11',
      'its last 20 lines',
      'line 30',
      /^(?!.*line 10\n)/s,
      'with POD_TEST_KEEP=onfail the environment is left up',
    ),
  );
});

test('an app whose hook failed is told so', async () => {
  const hooks = { preStart: ['/bin/sh', '-c', 'exit 3'] };
  await using e = await clone(shellPod('app', 'sleep 1000', { hooks }));
  await assert.rejects(e.wait(ready()), failure('pod/died', 'hook preStart: exited with 3'));
});

test('an app that the kernel killed for its memory is told so', async () => {
  const eat = 'x=$(head -c 200000000 /dev/zero | tr "\\\\0" x); sleep 1000';
  const app = { isolators: { 'resource/memory': { limit: '32Mi' } } };
  await using e = await clone(shellPod('app', eat, app));
  await assert.rejects(e.wait({ app: exit(0) }, { timeoutMs: 60_000 }), failure('pod/died', 'out of memory'));
});

test('what the last try of a probe came to is told, for each pod that was not ready in time', async () => {
  const probes = { ready: { exec: ['/bin/sh', '-c', 'echo not today; exit 4'], period: '50ms' } };
  await using e = await clone(shellPod('slow', 'sleep 1000', { probes }), serverPod('fine'));
  await e.wait({ fine: ready() });
  await toldInTime(
    200,
    (timeoutMs) => e.wait(ready(), { timeoutMs }),
    /^wait for pod "slow" to be ready: \d+ ms/,
    'ready probe: exit code 4: not today',
    /^(?!.*pod "fine")/s,
  );
});

test('an aborted wait rejects with the reason', async () => {
  await using e = await clone(shellPod('app', 'sleep 1000'));
  const stop = new AbortController();
  const waiting = e.pods['app']!.wait(logLine('never'), { signal: stop.signal });
  stop.abort(new Error('enough'));
  await assert.rejects(waiting, /^Error: enough$/);
});

test('a clone that does not become ready is removed, and the error says why', async () => {
  const probes = { ready: { tcp: { port: 9 }, period: '50ms' } };
  const stack = pods.environment('never', { root, manifests: [shellPod('app', 'sleep 1000', { probes })] });
  await toldInTime(100, (timeoutMs) => stack.clone({ timeoutMs }), 'ready probe: connection refused');
  assert.deepEqual(readdirSync(`${root}/pods/run`), []);
});

test('what cannot be waited for is refused before anything is', async () => {
  await using e = await clone(shellPod('app', 'sleep 1000'));
  await assert.rejects(e.wait({ nobody: ready() }), (error) => error instanceof pods.PodErrors);
  assert.throws(() => port(70_000), failure('test/options'));
  assert.throws(() => all(), failure('test/options'));
});

test('of several conditions each sees by itself that the pod has ended', async () => {
  await using e = await clone(shellPod('app', 'exit 0'));
  await e.wait({ app: any(port(1), exit(0)) });
  await assert.rejects(
    e.wait({ app: all(exit(0), port(1)) }, { timeoutMs: 60_000 }),
    failure('pod/died', 'it has exited'),
  );
});
