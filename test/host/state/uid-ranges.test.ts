import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { isLocked } from '../../../stages/stage0/pod/lock.ts';
import { PodStore } from '../../../stages/stage0/pod/store.ts';
import { listRanges } from '../../../stages/stage0/pod/uid-ranges.ts';
import { eventually } from '../../harness/eventually.ts';
import { pod, podOk } from '../../harness/pod-cli.ts';
import { statusOf } from '../../harness/pod-status.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { shellManifest } from '../run/shell-manifest.ts';
import { manifest, STOPPABLE } from './manifests.ts';

const roots = [useTempRoot(), useTempRoot()];

/** As the kernel has it. */
function firstIdOf(pid: number): number {
  return Number(/^\s*0\s+(\d+)\s+65536$/m.exec(readFileSync(`/proc/${pid}/uid_map`, 'utf8'))![1]);
}

function parentOf(pid: number): number {
  return Number(/^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);
}

function heldBy(root: string): number[] {
  return listRanges().flatMap((range) => (range.root === root ? [range.base] : []));
}

test('pods of two state directories have ranges of their own, which are free again however the pods end', async () => {
  const started = await Promise.all(
    [0, 1, 2, 3].map(async (i) => {
      const root = roots[i % 2]!;
      const uuid = await podOk(['run', '-d', manifest(`ranges-${i}`, STOPPABLE)], { root });
      const pid = (await statusOf(root, uuid)).apps[0]!.pid!;
      return { root, uuid, pid, base: firstIdOf(pid) };
    }),
  );
  assert.equal(new Set(started.map(({ base }) => base)).size, 4);
  for (const root of roots) {
    const bases = started.flatMap((pod) => (pod.root === root ? [pod.base] : []));
    assert.deepEqual(new Set(heldBy(root)), new Set(bases));
  }

  const [killed, stopped] = started;
  await podOk(['stop', stopped!.uuid], stopped!);
  // By the monitor, once the exit is told.
  await eventually(() => Promise.resolve(assert.equal(heldBy(stopped!.root).includes(stopped!.base), false)));

  const init = parentOf(killed!.pid);
  process.kill(parentOf(init), 'SIGKILL');
  process.kill(init, 'SIGKILL');
  const path = new PodStore(killed!.root).locate(killed!.uuid)!.path;
  await eventually(() => Promise.resolve(assert.equal(isLocked(path), false)));
  assert.equal(heldBy(killed!.root).includes(killed!.base), true);
  await podOk(['gc'], killed!);
  assert.equal(heldBy(killed!.root).includes(killed!.base), false);
});

test('users that a pod has no ids for are refused where they are named, by the image or by the manifest', async () => {
  const [root] = roots as [string];
  const image = mkdtempSync('/var/tmp/pod-ids-');
  try {
    mkdirSync(`${image}/etc`);
    writeFileSync(`${image}/etc/passwd`, 'big:x:70000:5::/:/bin/sh\n');
    const text = JSON.parse(shellManifest('no-ids', { a: 'true' })) as { apps: object[] };
    const refusal = async (userns: unknown, app: object): Promise<string> => {
      const apps = text.apps.map((one) => ({ ...one, ...app }));
      const input = JSON.stringify({ ...text, userns, apps });
      const { exitCode, stderr } = await pod(['run', '--rm', '-'], { root, input });
      assert.equal(exitCode, 125);
      return stderr;
    };
    const big = await refusal('auto', { image: `dir:${image}`, user: 'big' });
    assert.match(big, /^-:1:\d+: error: run app "a" as user 70000: .* has 65536 ids \[host\/unsupported\]$/m);
    const few = await refusal({ size: 10 }, { user: 'nobody' });
    assert.match(few, /as user 65534: the pod's user namespace has 10 ids \[host\/unsupported\]/);
    assert.match(few, /hint: give it more, with "userns: \{size: 65535\}"/);
  } finally {
    rmSync(image, { recursive: true });
  }
});

test('a pod that runs keeps its range while its state directory is out of sight', async () => {
  const [root, other] = roots as [string, string];
  const uuid = await podOk(['run', '-d', manifest('out-of-sight', STOPPABLE)], { root });
  const base = firstIdOf((await statusOf(root, uuid)).apps[0]!.pid!);
  renameSync(root, `${root}.away`);
  try {
    await podOk(['gc'], { root: other });
    assert.equal(heldBy(root).includes(base), true);
  } finally {
    renameSync(`${root}.away`, root);
    await podOk(['rm', '--force', uuid], { root });
  }
  assert.equal(heldBy(root).includes(base), false);
});

test('a pod has as many ids as it asks for, also too few for the group of terminals', async () => {
  const script = "awk '{print $3}' /proc/self/uid_map; exec 3<>/dev/ptmx; stat -c %g /dev/pts/0";
  for (const [size, group] of [
    [1, 0],
    [5, 0],
    [6, 5],
  ] as const) {
    const text = JSON.parse(shellManifest('few-ids', { a: script })) as object;
    const input = JSON.stringify({ ...text, userns: { size } });
    assert.equal(await podOk(['run', '--rm', '-'], { root: roots[0]!, input }), `${size}\n${group}`);
  }
});
