import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { useTempRoot } from '../../harness/temp-root.ts';
import { sh, startShellPod, trySh } from './shell-pod.ts';

const root = useTempRoot();

test('what an app writes, removes and changes is its own, and the host stays as it is', async () => {
  const passwd = readFileSync('/etc/passwd', 'utf8');
  await using one = await startShellPod(root);
  await using two = await startShellPod(root);
  await sh(
    one,
    'echo changed >/etc/passwd; rm /usr/bin/env; mkdir /usr/made-inside; echo x >/usr/made-inside/file; chmod 700 /usr/bin/id',
  );
  assert.equal(await sh(one, 'cat /etc/passwd; cat /usr/made-inside/file'), 'changed\nx');
  assert.match(await sh(two, 'cat /etc/passwd'), /^root:/);
  assert.equal((await trySh(two, 'test -x /usr/bin/env && ! test -e /usr/made-inside')).exitCode, 0);
  assert.equal(readFileSync('/etc/passwd', 'utf8'), passwd);
  assert.equal(existsSync('/usr/made-inside'), false);
  assert.equal(existsSync('/usr/bin/env'), true);
});

test('the next pod of the same image begins anew', async () => {
  {
    await using first = await startShellPod(root);
    await sh(first, 'echo left >/usr/left-behind; echo gone >/etc/passwd');
  }
  await using second = await startShellPod(root);
  assert.equal((await trySh(second, 'test ! -e /usr/left-behind && grep -q ^root: /etc/passwd')).exitCode, 0);
});

test('a read-only root refuses every write, but not those to its volumes', async () => {
  await using pod = await startShellPod(root, {
    volumes: [{ name: 'data', kind: 'empty' }],
    app: { readOnlyRootFS: true, mounts: [{ volume: 'data', path: '/made/for/data' }] },
  });
  for (const path of ['/x', '/etc/x', '/usr/x', '/usr/bin/x', '/dev/x', '/made/x']) {
    const { exitCode, stdout } = await trySh(pod, `echo x >${path}`);
    assert.notEqual(exitCode, 0, path);
    assert.match(stdout, /Read-only file system/, path);
  }
  assert.equal(
    await sh(pod, 'echo kept >/made/for/data/x; cat /made/for/data/x; echo shm >/dev/shm/x; cat /dev/shm/x'),
    'kept\nshm',
  );
});

test('apps of one pod do not see each other’s roots', async () => {
  await using pod = await startShellPod(root, { apps: [{ name: 'other' }] });
  await sh(pod, 'echo secret >/secret');
  assert.equal((await trySh(pod, 'test ! -e /secret && test ! -e /apps && test ! -e /volumes', 'other')).exitCode, 0);
});
