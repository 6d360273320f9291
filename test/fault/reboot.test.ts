import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { chooseBridge } from '../../stages/stage0/network/bridge-config.ts';
import { cgroupMountPoints } from '../../stages/stage0/pod/host-pids.ts';
import { isLocked } from '../../stages/stage0/pod/lock.ts';
import { PodStore } from '../../stages/stage0/pod/store.ts';
import { eventually } from '../harness/eventually.ts';
import { pod, podOk } from '../harness/pod-cli.ts';
import { statusOf } from '../harness/pod-status.ts';
import { useTempRoot } from '../harness/temp-root.ts';
import { whatIsLeft } from './killed-launch.ts';

const root = useTempRoot();

function manifestOf(name: string, hostPort: number): string {
  const app = {
    name: 'a',
    image: 'host',
    exec: ['/bin/sh', '-c', 'echo up; exec sleep 1000'],
    ports: [{ name: 'http', port: 80, hostPort }],
    stop: { signal: 'SIGKILL' },
  };
  return JSON.stringify({ apiVersion: 'pod/v1', kind: 'Pod', metadata: { name }, apps: [app] });
}

/** All that a reboot takes: processes, cgroups, links, tables, and the boot's own id; the disk stays as it is. */
async function reboot(uuids: readonly string[]): Promise<void> {
  const { bridge, table } = chooseBridge(root, { prefixes4: [], devices: [] });
  for (const uuid of uuids) {
    const { path } = new PodStore(root).locate(uuid)!;
    const { apps } = await statusOf(root, uuid);
    const init = parentOf(apps[0]!.pid!);
    process.kill(parentOf(init), 'SIGKILL');
    process.kill(init, 'SIGKILL');
    await eventually(() => Promise.resolve(assert.equal(isLocked(path), false)));
    await eventually(() => Promise.resolve(removeCgroups(uuid)));
    const record = readFileSync(`${path}/record.json`, 'utf8');
    writeFileSync(
      `${path}/record.json`,
      record.replace(/"bootId":"[^"]*"/, '"bootId":"00000000-0000-4000-8000-000000000000"'),
    );
  }
  execFileSync('ip', ['link', 'delete', bridge]);
  execFileSync('nft', ['delete', 'table', 'inet', table]);
  execFileSync('nft', ['delete', 'table', 'bridge', table]);
}

function removeCgroups(uuid: string): void {
  for (const point of cgroupMountPoints()) {
    if (!readdirSync(point).includes(`pod-${uuid}`)) continue;
    const path = `${point}/pod-${uuid}`;
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      if (entry.isDirectory()) rmdirSync(`${path}/${entry.name}`);
    }
    rmdirSync(path);
  }
}

function parentOf(pid: number): number {
  return Number(/^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);
}

test('after a reboot pods are told of, their names, ports and logs are free, and gc leaves nothing', async () => {
  const names = ['first', 'second'];
  const run = (name: string): Promise<string> =>
    podOk(['run', '-d', '-'], { root, input: manifestOf(name, 28_480 + names.indexOf(name)) });
  const uuids = [await run('first'), await run('second')];
  await eventually(async () => assert.equal(await podOk(['logs', 'first'], { root }), 'up'));
  await reboot(uuids);
  const { state, exitCode, death } = await statusOf(root, uuids[0]!);
  assert.deepEqual([state, exitCode, death], ['exited', null, 'host-restarted']);
  assert.equal(await podOk(['logs', 'first'], { root }), 'up');
  assert.notEqual((await pod(['exec', 'first', '--', '/bin/true'], { root })).exitCode, 0);
  assert.deepEqual(JSON.parse(await podOk(['ps', '-o', 'json'], { root })), []);
  // The second was not even looked at before its successor comes.
  const next = await run('second');
  assert.equal((await statusOf(root, 'second')).state, 'running');
  assert.equal((await statusOf(root, next)).uuid, next);
  await podOk(['rm', '--force', next], { root });
  await podOk(['gc', '--grace', '0s'], { root });
  assert.deepEqual(whatIsLeft(root), []);
});
