import assert from 'node:assert/strict';
import { readlinkSync } from 'node:fs';
import { probeBothWays } from '../harness/both-ways.ts';
import { useTempRoot } from '../harness/temp-root.ts';

const both = probeBothWays(useTempRoot(), { name: 'namespaces' });

both('every namespace is the pod’s own', ({ namespaces }) => {
  for (const kind of ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'time', 'user', 'uts']) {
    assert.notEqual(namespaces[kind], readlinkSync(`/proc/self/ns/${kind}`), kind);
  }
});

both('the host name is the pod’s', ({ hostname }) => {
  assert.match(hostname, /^namespaces(-exec)?$/);
});

both('cgroup paths do not show where the pod is on the host', ({ cgroups }) => {
  // A hierarchy that is not mounted has no directory of ours; its path is the host's root.
  assert.deepEqual(
    cgroups.filter((line) => line.includes('/pod-')),
    [],
  );
});
