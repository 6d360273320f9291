import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { eventually } from '../../harness/eventually.ts';
import { pod, podOk } from '../../harness/pod-cli.ts';
import { runProbePod, startHoldingPod } from '../../harness/probe-pod.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { facts } from './with-cgroups.ts';

const root = useTempRoot();

const POOL = '/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages';
const hasController = facts.hierarchies.some(({ controllers }) => controllers.includes('hugetlb'));
const skip = (!hasController && 'no hugetlb controller') || (!existsSync(POOL) && 'no huge pages of 2 MB');

/** So many more pages in the host's pool. */
async function withPages(count: number, use: () => Promise<void>): Promise<void> {
  const before = Number(readFileSync(POOL, 'utf8'));
  try {
    // The kernel gives what it finds, and each time looks for room anew.
    await eventually(async () => {
      writeFileSync(POOL, String(before + count));
      assert.equal(Number(readFileSync(POOL, 'utf8')), before + count, 'no room for huge pages');
    });
    await use();
  } finally {
    writeFileSync(POOL, String(before));
  }
}

const FOUR_MIB = { 'resource/hugetlb': { '2Mi': '4Mi' } };

test('an app, or all apps of a pod, cannot have more huge pages than the limit', { skip }, async () => {
  await withPages(4, async () => {
    for (const place of [{ app: { isolators: FOUR_MIB } }, { pod: { isolators: FOUR_MIB } }]) {
      const { stdout, stderr } = await runProbePod(root, { args: ['huge', '4'], ...place });
      assert.match(stdout, /^mapped 2: ENOMEM$/m, stderr);
    }
    const { stdout } = await runProbePod(root, { args: ['huge', '4'] });
    assert.match(stdout, /^mapped 4: ok$/m);
  });
});

test('the limit is changed while the pod runs, and its status has it', { skip }, async () => {
  await withPages(4, async () => {
    await startHoldingPod(root, { name: 'huge', app: { isolators: FOUR_MIB }, pod: { network: { mode: 'none' } } });
    try {
      const mapped = async (): Promise<string> => {
        return (await pod(['exec', 'huge', '--', '/probe', 'huge', '4'], { root })).stdout;
      };
      assert.match(await mapped(), /^mapped 2: ENOMEM$/m);
      await podOk(['update', 'huge', '--set', 'app/probe/resource/hugetlb.2Mi=6Mi'], { root });
      assert.match(await mapped(), /^mapped 3: ENOMEM$/m);
      assert.match(await podOk(['status', 'huge'], { root }), /resource\/hugetlb +limit2MB 6\.00 MiB, used2MB 0 B/);
    } finally {
      await podOk(['rm', '--force', 'huge'], { root });
    }
  });
});
