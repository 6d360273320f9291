import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { eventually } from '../../harness/eventually.ts';
import { MANIFESTS } from '../../harness/paths.ts';
import { podOk } from '../../harness/pod-cli.ts';
import { type PodStatus, statusOf } from '../../harness/pod-status.ts';
import { useTempRoot } from '../../harness/temp-root.ts';

const root = useTempRoot();
let status: PodStatus;

before(async () => {
  await podOk(['run', '-d', join(MANIFESTS, 'web.pod.yaml')], { root });
  status = await statusOf(root, 'web');
});

async function fetchText(url: string): Promise<string> {
  const response = await fetch(url, { headers: { connection: 'close' } });
  assert.equal(response.status, 200);
  return response.text();
}

test('the page is served on every address of the pod', async () => {
  assert.ok(status.network.ips.length >= 1, 'the pod has addresses');
  for (const ip of status.network.ips) {
    const address = ip.replace(/\/\d+$/, '');
    const host = address.includes(':') ? `[${address}]` : address;
    assert.match(await eventually(() => fetchText(`http://${host}/`)), /Served from a pod/);
  }
});

test('the page is served on the published port', async () => {
  assert.match(await eventually(() => fetchText('http://127.0.0.1:8080/')), /Served from a pod/);
});

test('nginx holds the capabilities the manifest names and no others', async () => {
  const text = await podOk(['exec', 'web', '--', '/bin/grep', 'CapBnd', '/proc/self/status'], { root });
  // CHOWN 0, SETGID 6, SETUID 7, NET_BIND_SERVICE 10.
  assert.equal(text.trim().split(/\s+/)[1], '00000000000004c1');
});

test('the root file system is read-only', async () => {
  const text = await podOk(['exec', 'web', '--', '/bin/sh', '-c', 'touch /srv/x 2>/dev/null || echo refused'], {
    root,
  });
  assert.equal(text.trim(), 'refused');
});

test('stop lets the server end in its own way', async () => {
  await podOk(['stop', 'web'], { root });
  const { state, apps } = await statusOf(root, 'web');
  assert.equal(state, 'exited');
  assert.deepEqual([apps[0]?.exitCode, apps[0]?.signal ?? null], [0, null]);
});
