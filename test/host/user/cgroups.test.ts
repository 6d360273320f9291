import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { eventually } from '../../harness/eventually.ts';
import { podOk } from '../../harness/pod-cli.ts';
import type { PodStatus } from '../../harness/pod-status.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { probeManifest } from '../../harness/probe-pod.ts';
import { Delegated, parentOf, USER, whatIsIn } from './normal-user.ts';

// Limits need controllers, which a hybrid host keeps in version 1: test/v2 has those.
const delegated = Delegated.make();
const skip = delegated === undefined && 'no cgroup version 2 tree is mounted';
const { wrapper } = delegated ?? {};
const root = useTempRoot({ uid: USER, wrapper });
const as = { root, wrapper };
after(() => delegated?.[Symbol.dispose]());

test('where cgroups were delegated a pod has its own, can be paused, and leaves none', { skip }, async () => {
  const input = probeManifest({ args: ['serve', '8000'], pod: { network: { mode: 'none' } } });
  const uuid = await podOk(['run', '-d', '-'], { ...as, input });
  assert.deepEqual(delegated!.pods, [`pod-${uuid}`]);
  // From another place than it was started in, as from another session.
  const elsewhere = { root, user: USER };
  await podOk(['pause', uuid], elsewhere);
  const status = JSON.parse(await podOk(['status', '-o', 'json', uuid], elsewhere)) as PodStatus;
  assert.equal(status.state, 'paused');
  await podOk(['resume', uuid], elsewhere);
  const top = JSON.parse(await podOk(['top', '-o', 'json', uuid], elsewhere)) as { app: string; podPid: number }[];
  assert.equal(top.find(({ podPid }) => podPid === 2)?.app, 'probe');
  await podOk(['stop', '--grace', '0s', uuid], elsewhere);
  await eventually(() => Promise.resolve(assert.deepEqual(delegated!.pods, [])));
  await podOk(['rm', uuid], elsewhere);
  assert.deepEqual(whatIsIn(root), []);
});

test('the cgroup of a pod whose monitor and init were killed goes with gc', { skip }, async () => {
  const input = probeManifest({ args: ['serve', '8000'], pod: { network: { mode: 'none' } } });
  const uuid = await podOk(['run', '-d', '-'], { ...as, input });
  const top = JSON.parse(await podOk(['top', '-o', 'json', uuid], as)) as { pid: number; podPid: number }[];
  const init = top.find(({ podPid }) => podPid === 1)!.pid;
  process.kill(parentOf(init), 'SIGKILL');
  process.kill(init, 'SIGKILL');
  await eventually(async () => {
    await podOk(['gc', '--grace', '0'], as);
    assert.deepEqual([delegated!.pods, whatIsIn(root)], [[], []]);
  });
});
