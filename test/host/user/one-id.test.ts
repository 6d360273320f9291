import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { PodStore } from '../../../stages/stage0/pod/store.ts';
import { isLocked } from '../../../stages/stage0/pod/lock.ts';
import { readInitPid } from '../../../stages/stage0/pod/process-tree.ts';
import { eventually } from '../../harness/eventually.ts';
import { pod, podOk } from '../../harness/pod-cli.ts';
import type { PodStatus } from '../../harness/pod-status.ts';
import { parseReport, probeManifest } from '../../harness/probe-pod.ts';
import type { ProbeTries } from '../../harness/probe-report.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { manifest, STOPPABLE } from '../state/manifests.ts';
import { parentOf, USER, whatIsIn } from './normal-user.ts';

const root = useTempRoot({ uid: USER, user: USER });
const as = { root, user: USER };
const rootsOwn = useTempRoot();

async function statusOf(name: string): Promise<PodStatus> {
  return JSON.parse(await podOk(['status', '-o', 'json', name], as)) as PodStatus;
}

async function probe(network: string, ...args: string[]): Promise<ProbeTries> {
  const input = probeManifest({ args, pod: { network: { mode: network } } });
  return parseReport(await podOk(['run', '--rm', '-'], { ...as, input })) as ProbeTries;
}

function words(line: string): string[] {
  return line.trim().split(/\s+/);
}

/** The user may not read what the suite writes. */
function run(flags: readonly string[], name: string, script: string): Promise<string> {
  return podOk(['run', ...flags, '-'], { ...as, input: readFileSync(manifest(name, script)).toString() });
}

test('a normal user without further ids is root in the pod, and nobody else is there', async () => {
  const seen = await probe('none');
  for (const map of [seen.uidMap, seen.gidMap]) assert.deepEqual(map.map(words), [['0', String(USER), '1']]);
  assert.deepEqual(
    [seen.uid, seen.gid],
    [
      [0, 0, 0, 0],
      [0, 0, 0, 0],
    ],
  );
  assert.equal(seen.noNewPrivs, 1);
  assert.equal(seen.seccomp, 2);
  assert.deepEqual(seen.links, ['lo']);
});

test('what a normal user lacks is refused all at once, limits on disk too', async () => {
  const isolators = { 'resource/memory': { limit: '64Mi' }, 'resource/disk-space': { limit: '8Mi' } };
  const manifest = probeManifest({ app: { isolators }, pod: { network: { mode: 'none' } } });
  const { exitCode, stderr } = await pod(['run', '--rm', '-'], { ...as, input: manifest });
  assert.equal(exitCode, 125);
  assert.match(stderr, /"resource\/memory"/);
  assert.match(stderr, /limit what is on disk to 8388608 bytes: only root can/);
});

test("with the host's network the pod has the host's links", async () => {
  const { links } = await probe('host');
  const own = readFileSync('/proc/net/dev', 'utf8')
    .split('\n')
    .slice(2)
    .map((line) => line.split(':')[0]!.trim());
  assert.deepEqual(links.toSorted(), own.filter(Boolean).toSorted());
});

test("what a pod of root's is refused, a normal user's is refused too", async () => {
  const { tries } = await probe('none', 'tries');
  const asRoot = await podOk(['run', '--rm', '-'], {
    root: rootsOwn,
    input: probeManifest({ args: ['tries'], pod: { network: { mode: 'none' } } }),
  });
  assert.deepEqual(tries, (parseReport(asRoot) as ProbeTries).tries);
});

test('its root file system is written to, and the host is not', async () => {
  const script = 'echo new > /etc/made && mkdir /made && echo x > /tmp/x && cat /etc/made && cat /etc/hostname';
  assert.equal(await run(['--rm'], 'writer', script), 'new\nwriter');
});

test('everything such a user cannot have is refused at once, each at its line', async () => {
  const text = JSON.stringify(
    {
      apiVersion: 'pod/v1',
      kind: 'Pod',
      metadata: { name: 'refused' },
      userns: 'host',
      apps: [
        { name: 'a', image: 'host', exec: ['/bin/true'], user: 'daemon' },
        { name: 'b', image: 'host', exec: ['/bin/true'], isolators: { 'resource/memory': { limit: '64Mi' } } },
      ],
    },
    null,
    1,
  );
  const lineOf = (part: string): number => text.slice(0, text.indexOf(part)).split('\n').length;
  // Without the programs that would help.
  const env = { PATH: '/nowhere' };
  const { exitCode, stderr } = await pod(['run', '-'], { ...as, input: text, env });
  assert.equal(exitCode, 125);
  const errors = stderr.split('\n').flatMap((line) => /^-:(\d+):\d+: error: .*\[(.*)\]$/.exec(line)?.slice(1, 3) ?? []);
  assert.deepEqual(errors, [
    '1',
    'host/privilege',
    String(lineOf('"userns"')),
    'host/privilege',
    String(lineOf('"daemon"')),
    'host/unsupported',
    String(lineOf('"resource/memory"')),
    'host/unsupported',
  ]);
  assert.match(stderr, /slirp4netns.*--net none/);
  assert.match(stderr, /newuidmap.*\/etc\/subuid/);
  assert.deepEqual(whatIsIn(root), []);
});

test('every verb that needs no cgroup works, and stop and rm leave nothing', async () => {
  const uuid = await run(['-d'], 'served', STOPPABLE);
  const { state, apps } = await statusOf('served');
  assert.deepEqual([state, apps[0]!.state], ['running', 'running']);
  assert.match(readFileSync(`/proc/${apps[0]!.pid!}/status`, 'utf8'), /^NSpid:\t\d+\t2$/m);
  assert.equal(await podOk(['exec', 'served', '--', '/bin/sh', '-c', 'id -u; cat /proc/1/comm'], as), '0\nstage1-init');
  await eventually(async () => assert.equal(await podOk(['logs', 'served'], as), 'ready'));
  const top = JSON.parse(await podOk(['top', '-o', 'json', 'served'], as)) as { app: string | null; podPid: number }[];
  assert.deepEqual(top.find(({ podPid }) => podPid === 1)?.app, null);
  assert.deepEqual(top.find(({ podPid }) => podPid === 2)?.app, 'app0');
  assert.match((await pod(['rm', 'served'], as)).stderr, /\[pod\/state\]/);
  for (const args of [
    ['cp', 'served:/etc/hostname', '-'],
    ['port-forward', 'served', '0:80'],
  ])
    assert.match((await pod(args, as)).stderr, /only root can.*\[host\/privilege\]/);
  await podOk(['stop', 'served'], as);
  assert.equal(await podOk(['wait', 'served'], as), '0');
  await podOk(['rm', uuid], as);
  assert.deepEqual(whatIsIn(root), []);
});

test('directories without permissions in its layer are removed with it', async () => {
  const script = 'mkdir -p /tmp/a/b && touch /tmp/a/b/c && chmod 0 /tmp/a/b && chmod 0500 /tmp/a';
  await run(['--rm'], 'closed', script);
  assert.deepEqual(whatIsIn(root), []);
});

test('when its monitor and init are killed, gc gives back all it had', async () => {
  const uuid = await run(['-d'], 'killed', STOPPABLE);
  const init = parentOf((await statusOf('killed')).apps[0]!.pid!);
  process.kill(parentOf(init), 'SIGKILL');
  process.kill(init, 'SIGKILL');
  const { path } = new PodStore(root).locate(uuid)!;
  await eventually(() => Promise.resolve(assert.equal(isLocked(path), false)));
  await podOk(['gc', '--grace', '0'], as);
  assert.deepEqual(whatIsIn(root), []);
});

test('an init that was stopped is told, and ends with rm --force, without a cgroup to find it in', async () => {
  const uuid = await run(['-d'], 'halted', STOPPABLE);
  const init = readInitPid(new PodStore(root).locate(uuid)!.path)!;
  process.kill(init, 'SIGSTOP');
  const stop = await pod(['stop', 'halted'], as);
  assert.match(stop.stderr, /it was stopped by a signal, and does not answer \[pod\/state\]/);
  await podOk(['rm', '--force', 'halted'], as);
  assert.deepEqual(whatIsIn(root), []);
});

test('a state directory that the user cannot write to is told with what to do', async () => {
  const head = { apiVersion: 'pod/v1', kind: 'Pod', metadata: { name: 'denied' }, network: { mode: 'none' } };
  const input = JSON.stringify({ ...head, apps: [{ name: 'a', image: 'host', exec: ['true'] }] });
  for (const [args, root] of [
    [['run', '--rm', '-'], '/root/pod'],
    [['gc'], '/root/pod'],
    [['run', '--rm', '-'], '/usr/pod'],
  ] as const) {
    const { stderr } = await pod([...args], { root, user: USER, input });
    assert.match(stderr, /\[state\/io\][^]*hint: choose a directory/, stderr);
  }
});
