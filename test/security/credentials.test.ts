import assert from 'node:assert/strict';
import { chmodSync, chownSync, cpSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { PodError, PodErrors } from '../../stages/stage0/index.ts';
import type { ProbeReport } from '../harness/probe-report.ts';
import { useTempRoot } from '../harness/temp-root.ts';
import { endOf, INSIDE, newImage, probe, startPod, useScratch } from './hostile-pod.ts';

const { scratch } = useScratch();
const root = useTempRoot();
const image = newImage(`${scratch}/image`);
cpSync(`${image}${INSIDE}`, `${image}/suid`);
chmodSync(`${image}/suid`, 0o6755);
writeFileSync(
  `${image}/etc/passwd`,
  'root:x:0:0::/:/bin/sh\nuser:x:1000:1000::/:/bin/sh\n0x0:x:0:0::/:/bin/sh\n7:x:0:0::/:/bin/sh\n',
);
writeFileSync(`${image}/etc/group`, 'root:x:0:\nuser:x:1000:\nkept-out:x:500:user\n');
writeFileSync(`${image}/kept-out`, 'not for the group');
chownSync(`${image}/kept-out`, 0, 500);
chmodSync(`${image}/kept-out`, 0o604);

/** Podman's eleven; test/conformance/identity.test.ts has their names. */
const OF_APPS = 0x800405fbn;
const USER = { user: 'user', group: 'user' };

test('a set-user-id program of the image gives nothing', async () => {
  await using pod = await startPod(root, { image, apps: [USER] });
  const { stdout } = await pod.exec(['/suid', 'report']);
  const report = JSON.parse(stdout) as ProbeReport;
  assert.deepEqual([report.uid, report.gid], [Array(4).fill(1000), Array(4).fill(1000)]);
  assert.match(report.capabilities.permitted, /^0+$/);
});

test('where it may, it makes root of the pod, who is nobody outside and has no more capabilities than apps', async () => {
  const isolators = { 'os/linux/no-new-privileges': false };
  await using pod = await startPod(root, { image, apps: [{ ...USER, isolators }] });
  const { stdout } = await pod.exec(['/suid', 'report']);
  const report = JSON.parse(stdout) as ProbeReport;
  assert.deepEqual(report.uid.slice(0, 3), [1000, 0, 0]);
  assert.doesNotMatch(report.uidMap[0]!, /^\s*0\s+0\s/);
  assert.equal(BigInt(`0x${report.capabilities.permitted}`) & ~OF_APPS, 0n);
  assert.equal(report.seccomp, 2);
});

test('a user has the groups of the image, those that keep it out too', async () => {
  await using pod = await startPod(root, { image, apps: [{ user: 'user' }] });
  const report = await probe<ProbeReport>(pod, ['report']);
  assert.ok(report.groups.includes(500), report.groups.join());
  assert.equal(report.gid[0], 1000);
  const found = async (settings: object): Promise<readonly string[]> =>
    (await probe<{ found: readonly string[] }>(pod, ['escape', '/kept-out'], settings)).found;
  assert.deepEqual(await found({}), []);
  assert.deepEqual(await found({ user: 'user' }), []);
  // Somebody who is not in the group may: the mode says so.
  assert.ok((await found({ user: '2000' })).includes('by its name'));
});

/** Each as podman, docker or cri-o once took it for root. */
const USERS = [
  '-1',
  '4294967295',
  '4294967296',
  '18446744073709551616',
  '2147483648',
  '0x0',
  '+0',
  ' 0',
  '0 ',
  ':0',
  '1e3',
  'user\nroot',
  'user:0:0',
  '../root',
  '',
];

test('what is no user is refused, and never root instead', async () => {
  await using pod = await startPod(root, { image, apps: [USER] });
  for (const user of USERS) {
    const result = await pod.exec([INSIDE, 'report'], { user }).catch((error: unknown) => error);
    if (result instanceof PodError || result instanceof PodErrors) continue;
    assert.ok(!(result instanceof Error), `"${user}": ${String(result)}`);
    const { uid } = JSON.parse((result as { stdout: string }).stdout) as ProbeReport;
    // A name in this image.
    assert.equal(user, '0x0', `"${user}" became ${uid[0]}`);
  }
  // A number, whatever the image calls so.
  const { uid } = await probe<ProbeReport>(pod, ['report'], { user: '7' });
  assert.equal(uid[0], 7);
});

test('the same in a manifest is an error at its place', async () => {
  for (const user of USERS.filter((each) => each !== '0x0')) {
    const end = await endOf(startPod(root, { image, apps: [{ user, exec: [INSIDE, 'exit', '0'] }] }));
    assert.ok(end instanceof PodError && end.at !== undefined, `"${user}": ${JSON.stringify(end)}`);
  }
});

/** Names that could be of pods, of a list as the kernel has it. */
function abstractSockets(list: string): string[] {
  return list.match(/@.*(pod|stage1|[0-9a-f]{8}-[0-9a-f]{4}-).*/g) ?? [];
}

test('a pod on the host’s network finds no socket of ours that it could connect to', async () => {
  // What others on this host have is none of ours.
  const before = abstractSockets(readFileSync('/proc/net/unix', 'utf8'));
  await using pod = await startPod(root, {
    image: 'host',
    pod: { network: { mode: 'host' } },
    apps: [{ exec: ['/bin/sleep', '1000'] }],
  });
  const { stdout } = await pod.exec(['/bin/cat', '/proc/net/unix']);
  assert.ok(stdout.startsWith('Num'), stdout);
  assert.deepEqual(
    abstractSockets(stdout).filter((name) => !before.includes(name)),
    [],
  );
  const dir = `${root}/pods/run/${pod.uuid}`;
  assert.deepEqual([statSync(dir).mode & 0o777, statSync(`${dir}/control`).mode & 0o777], [0o700, 0o600]);
});
