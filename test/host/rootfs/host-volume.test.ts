import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { after, before, test } from 'node:test';
import { PodError } from '../../../stages/stage0/error.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { sh, startShellPod, trySh } from './shell-pod.ts';

const source = mkdtempSync('/var/tmp/pod-volume-');
// Before the state directory's own, which looks for mounts that are left.
after(() => {
  execFileSync('umount', [`${source}/below`]);
  rmSync(source, { recursive: true });
});
const root = useTempRoot();
const data = { name: 'data', kind: 'host', source };
const onData = { mounts: [{ volume: 'data', path: '/data' }] };

before(() => {
  mkdirSync(`${source}/below`);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'mode=0777', 'none', `${source}/below`]);
  writeFileSync(`${source}/below/file`, 'below\n');
  writeFileSync(`${source}/file`, 'top\n');
});
test('a read-only host volume is read-only in everything mounted below it', async () => {
  await using pod = await startShellPod(root, { volumes: [{ ...data, readOnly: true }], app: onData });
  assert.equal(await sh(pod, 'cat /data/file /data/below/file'), 'top\nbelow');
  for (const path of ['/data/x', '/data/below/x', '/data/below/file'])
    assert.match((await trySh(pod, `echo x >${path}`)).stdout, /Read-only file system/, path);
});

test('so is one that a single mount makes read-only, while another mount may write', async () => {
  const mounts = [
    { volume: 'data', path: '/ro', readOnly: true },
    { volume: 'data', path: '/rw' },
  ];
  await using pod = await startShellPod(root, { volumes: [data], app: { mounts } });
  assert.match((await trySh(pod, 'echo x >/ro/below/x')).stdout, /Read-only file system/);
  assert.equal(await sh(pod, 'echo w >/rw/below/w; cat /ro/below/w; rm /rw/below/w'), 'w');
});

test('neither it nor what is mounted below lets in setuid programs or devices', async () => {
  await using pod = await startShellPod(root, { volumes: [data], app: onData });
  const options = (await sh(pod, "awk '$5 ~ /^.data/ {print $6}' /proc/self/mountinfo")).split('\n');
  assert.equal(options.length, 2);
  for (const line of options) assert.match(line, /nosuid,nodev/);
});

test('what the pod’s root writes belongs to the host’s root, and what others own keeps its owner', async () => {
  writeFileSync(`${source}/theirs`, '');
  chownSync(`${source}/theirs`, 1234, 1234);
  await using pod = await startShellPod(root, { volumes: [data], app: onData });
  assert.equal(await sh(pod, 'stat -c %u:%g /data/file /data/theirs'), '0:0\n1234:1234');
  await sh(pod, 'echo x >/data/written; chown 33:33 /data/below/file');
  assert.equal(statSync(`${source}/written`).uid, 0);
  assert.equal(statSync(`${source}/below/file`).uid, 33);
});

test('an app that is not root may not write where only root may', async () => {
  chmodSync(source, 0o755);
  await using pod = await startShellPod(root, { volumes: [data], app: { ...onData, user: '33', group: '33' } });
  assert.match((await trySh(pod, 'echo x >/data/x; echo x >/data/file')).stdout, /Permission denied/);
});

test('a file can be a volume, and is the same file outside', async () => {
  await using pod = await startShellPod(root, {
    volumes: [{ name: 'one', kind: 'host', source: `${source}/file` }],
    app: { mounts: [{ volume: 'one', path: '/etc/made/one.conf' }] },
  });
  assert.equal(await sh(pod, 'cat /etc/made/one.conf; echo more >>/etc/made/one.conf'), 'top');
  assert.equal(readFileSync(`${source}/file`, 'utf8'), 'top\nmore\n');
});

test('a subPath may be a file, and is mounted where nothing was', async () => {
  mkdirSync(`${source}/parts`);
  writeFileSync(`${source}/parts/one`, 'part\n');
  await using pod = await startShellPod(root, {
    volumes: [data],
    app: { mounts: [{ volume: 'data', path: '/etc/made/part.conf', subPath: 'parts/one' }] },
  });
  assert.equal(await sh(pod, 'cat /etc/made/part.conf; echo more >>/etc/made/part.conf'), 'part');
  assert.equal(readFileSync(`${source}/parts/one`, 'utf8'), 'part\nmore\n');
});

test('a link in a volume cannot lead a subPath out of it', async () => {
  symlinkSync('/etc', `${source}/absolute`);
  symlinkSync('../../../etc', `${source}/relative`);
  for (const subPath of ['absolute', 'relative', 'absolute/ssl']) {
    const start = startShellPod(root, {
      volumes: [data],
      app: { mounts: [{ volume: 'data', path: '/data', subPath }] },
    });
    await assert.rejects(
      start.then((pod) => pod.remove()),
      (error) => error instanceof PodError && error.code === 'pod/start-failed' && error.at !== undefined,
      subPath,
    );
  }
});

test('what is mounted in the pod does not show on the host, nor the other way round', async () => {
  await using pod = await startShellPod(root, { volumes: [data], app: onData });
  mkdirSync(`${source}/late`, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', 'none', `${source}/late`]);
  try {
    writeFileSync(`${source}/late/file`, '');
    assert.equal(await sh(pod, 'ls /data/late'), '');
  } finally {
    execFileSync('umount', [`${source}/late`]);
  }
});
