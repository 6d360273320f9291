import assert from 'node:assert/strict';
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { attachToApp, firstClient } from '../../../stages/stage0/launch/attach.ts';
import { readEvents } from '../../../stages/stage0/pod/events.ts';
import { PodStore } from '../../../stages/stage0/pod/store.ts';
import { Fd } from '../../../stages/linux/fd.ts';
import { RLIMIT } from '../../../stages/linux/rlimit.ts';
import { rlimit64 } from '../../../stages/linux/structs.ts';
import { syscall } from '../../../stages/linux/syscall.ts';
import { eventually } from '../../harness/eventually.ts';
import { pod, podOk } from '../../harness/pod-cli.ts';
import { statusOf } from '../../harness/pod-status.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { TerminalProcess } from '../../harness/terminal-process.ts';
import { PodProcess } from '../run/pod-process.ts';
import { POLITE, shellManifest } from '../run/shell-manifest.ts';
import { pathOf, processesOf, shell, start, untilLogged } from '../stage1/pods.ts';

const root = useTempRoot();

/** Says each line it reads, and ends with 5 at `end`. */
const ECHO =
  'echo up; while read -r line; do [ "$line" = end ] && exit 5; echo "got $line"; echo "err $line" >&2; done; echo eof';

async function run(
  name: string,
  flags: readonly string[],
  app: Parameters<typeof shellManifest>[1][string],
): Promise<void> {
  await podOk(['run', '-d', ...flags, '-'], { root, input: shellManifest(name, { main: app }) });
}

test('an app of run -d -i is sent standard input, both its streams are shown, and its code is the result', async () => {
  await run('kept', ['-i'], ECHO);
  const first = new PodProcess(root, ['attach', 'kept'], 'one\n');
  for (const line of ['got one\n', 'err one\n']) await first.says(line);
  // Its own end of input closed nothing: the app goes on, and so does whoever watches it.
  const second = await pod(['attach', 'kept'], { root, input: 'two\nend\n' });
  assert.deepEqual([second.exitCode, second.stdout, second.stderr], [5, 'got two', 'err two']);
  assert.equal(await first.ended(), 5);
  assert.match(first.output, /got two/);
});

test('an app without an input is only watched', async () => {
  await run('watched', [], POLITE);
  const attach = new PodProcess(root, ['attach', 'watched'], 'nobody reads this\n');
  await untilAttached('watched');
  await podOk(['stop', 'watched'], { root });
  assert.equal(await attach.ended(), 0);
  assert.equal(attach.output, 'stops\n');
});

test('what cannot be attached to is an error that says so', async () => {
  await podOk(['run', '-d', '-'], {
    root,
    input: shellManifest('errors', { main: { script: POLITE, tty: true }, short: 'true' }),
  });
  await podOk(['wait', 'errors', '--for', 'ready'], { root }).catch(() => undefined);
  for (const [args, code] of [
    [['errors'], 'cli/usage'],
    [['-a', 'nobody', 'errors'], 'pod/app-not-found'],
    [['-a', 'short', 'errors'], 'pod/state'],
    [['--detach-keys', 'f1', 'errors'], 'cli/usage'],
    [['kept'], 'pod/state'],
  ] as const) {
    const { exitCode, stderr } = await pod(['attach', ...args], { root });
    assert.ok(exitCode === 1 || exitCode === 2, stderr);
    assert.ok(stderr.includes(`[${code}]`), stderr);
  }
  await podOk(['stop', '--grace', '0s', 'errors'], { root });
});

test('two clients see the same, and either may type', async () => {
  await run('shared', ['-t'], `stty -echo; ${ECHO}`);
  await using one = TerminalProcess.pod(root, ['attach', 'shared']);
  await using two = TerminalProcess.pod(root, ['attach', 'shared']);
  await untilAttached('shared', 2);
  one.type('from one\n');
  await Promise.all([one.says('got from one'), two.says('got from one')]);
  two.type('end\n');
  assert.deepEqual([await one.ended(), await two.ended()], [5, 5]);
});

test('an app that is started again keeps its clients, the size of its terminal, and what was typed meanwhile', async () => {
  await run('again', ['-t'], {
    script: 'stty size; read -r line; echo "got $line"; exit 1',
    restart: { policy: 'always', backoff: { initial: '2s', cap: '2s' } },
  });
  await using attach = TerminalProcess.pod(root, ['attach', 'again'], [31, 77]);
  await untilAttached('again');
  attach.type('first\n');
  await attach.says('got first');
  // Nobody reads now; what had been typed before its end would have been lost with its terminal.
  const { path } = new PodStore(root).find('again');
  await eventually(async () => assert.ok(readEvents(path).some(({ e }) => e === 'app-backoff')));
  attach.type('second\n');
  await attach.says(/31 77\n(.*\n)*got second/);
  await podOk(['stop', '--grace', '0s', 'again'], { root });
  await attach.ended();
});

test('a client that reads nothing holds up nobody, and learns how much it has lost', async () => {
  const bytes = 50_000_000;
  const script = `mkfifo /go; echo made; read -r go </go; head -c ${bytes} /dev/zero`;
  await using started = await start(root, 'slow', shell('main', script));
  const path = pathOf(root, started);
  await untilLogged(root, started, 'made');
  const client = await attachToApp(path, 'main');
  const { stream, errors } = client.takeStreams();
  using held = new Fd(stream);
  using heldErrors = new Fd(errors);
  void [held, heldErrors];
  await started.exec(['/bin/sh', '-c', 'echo >/go']);
  assert.equal(await started.exit, 0);
  const end = await client.end;
  assert.equal(end?.exitCode, 0);
  assert.ok(end.lostBytes > bytes / 2 && end.lostBytes < bytes, String(end.lostBytes));
});

test('thousands of clients that attach and vanish leave nothing', async () => {
  await using started = await start(
    root,
    'many',
    shell('main', 'while :; do echo line; sleep 0.01; done', { tty: true }),
  );
  const { init } = processesOf(started);
  const path = pathOf(root, started);
  const descriptors = (): number => readdirSync(`/proc/${init}/fd`).length;
  const leave = (client: Awaited<ReturnType<typeof attachToApp>>): void => client.close();
  leave(await attachToApp(path, 'main'));
  await started.exec(['/bin/true']);
  const before = descriptors();
  for (let i = 0; i < 3000; i++) leave(await attachToApp(path, 'main'));
  for (let i = 0; i < 50 && descriptors() > before; i++) await started.exec(['/bin/true']);
  assert.ok(descriptors() <= before, `${descriptors()} descriptors, ${before} before`);
  // Nor is any of their places taken.
  const clients = [];
  for (let i = 0; i < 50; i++) clients.push(await attachToApp(path, 'main'));
  for (const client of clients) leave(client);
});

test('a client more than there is room for gets the place of one that leaves, and a stop still gets through', async () => {
  const started = await start(root, 'full', shell('main', 'exec sleep 1000'));
  const path = pathOf(root, started);
  const clients = [];
  for (let i = 0; i < 56; i++) clients.push(await attachToApp(path, 'main'));
  const late = attachToApp(path, 'main');
  assert.equal(await Promise.race([late, delay(300, 'waiting')]), 'waiting');
  clients.shift()!.close();
  clients.push(await late);
  const tooLate = assert.rejects(attachToApp(path, 'main'), { code: 'pod/state' });
  assert.equal(await started.stop({ graceMs: 0 }), 137);
  await tooLate;
  assert.deepEqual(
    new Set((await Promise.all(clients.map(({ end }) => end))).map((end) => end?.exitCode)),
    new Set([137]),
  );
  for (const client of clients) client.close();
  await started.remove();
});

test('a client for whom this process has not enough descriptors left keeps none', async () => {
  await using started = await start(root, 'short', shell('main', 'exec sleep 1000', { tty: true }));
  const path = pathOf(root, started);
  (await attachToApp(path, 'main')).close();
  const [, soft, hard] = /^Max open files +(\d+) +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))!;
  const limit = (to: number): unknown =>
    syscall('prlimit64', 0, RLIMIT.RLIMIT_NOFILE, rlimit64(BigInt(to), BigInt(hard!)), null);
  const own = (): number => readdirSync('/proc/self/fd').length;
  // No number is free below the last of these.
  const filler = Array.from({ length: own() + 64 }, () => openSync('/dev/null', 'r'));
  const before = own();
  for (let room = 0; room < 6; room++) {
    limit(filler.at(-1)! + 1 + room);
    try {
      assert.throws(() => firstClient(undefined), /EMFILE/, `room for ${room}`);
      // What it does before its first wait, it has done when the limit is lifted.
      if (room < 5)
        await assert.rejects(
          attachToApp(path, 'main').finally(() => limit(Number(soft))),
          /EMFILE/,
        );
    } finally {
      limit(Number(soft));
    }
    assert.equal(own(), before, `with room for ${room}`);
  }
  for (const fd of filler) closeSync(fd);
});

test('what is pasted into exec -it comes back whole, however much it is', async () => {
  await run('paste', [], POLITE);
  await using exec = TerminalProcess.pod(root, [
    'exec',
    '-it',
    'paste',
    '--',
    '/bin/sh',
    '-c',
    'stty raw -echo; echo ready; exec cat',
  ]);
  await exec.says('ready');
  exec.forget();
  const lines = Array.from({ length: 5000 }, (_, i) => `line ${i} of what is pasted\n`);
  // More at once than all buffers on the way hold, but for those of the two terminals: we would block in ours.
  for (let at = 0; at < lines.length; at += 100) {
    exec.type(lines.slice(at, at + 100).join(''));
    if (at >= 1000) await exec.says(lines[at - 900]!);
  }
  await exec.says(lines.at(-1)!);
  assert.equal(exec.output, lines.join(''));
  await podOk(['stop', '--grace', '0s', 'paste'], { root });
  await exec.ended();
});

/** init has as many more descriptors as clients have attached: two sockets, and the connection. */
async function untilAttached(name: string, clients = 1): Promise<void> {
  const { apps } = await statusOf(root, name);
  const init = Number(/^PPid:\s+(\d+)/m.exec(readProc(apps[0]!.pid!, 'status'))![1]);
  const sockets = (): number =>
    readdirSync(`/proc/${init}/fd`).filter((fd) => linkOf(init, fd).startsWith('socket:')).length;
  await eventually(async () => assert.ok(sockets() >= 1 + 3 * clients, `${sockets()} sockets`));
}

function readProc(pid: number, file: string): string {
  return readFileSync(`/proc/${pid}/${file}`, 'utf8');
}

/** Empty when it is closed by now. */
function linkOf(pid: number, fd: string): string {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`);
  } catch {
    return '';
  }
}
