import assert from 'node:assert/strict';
import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { test } from 'node:test';
import type { ProbeReport } from '../harness/probe-report.ts';
import { useTempRoot } from '../harness/temp-root.ts';
import { INSIDE, newImage, probe, startPod, UNBOUND, useScratch } from './hostile-pod.ts';
import { useHostWatch } from './host-watch.ts';

const { scratch, canary } = useScratch();
const root = useTempRoot();
useHostWatch();
const image = newImage(`${scratch}/image`);

interface Unmasked {
  readonly unmounted: number;
  readonly mounted: number;
  readonly writable: readonly string[];
}

/** Settings of the pod's own namespaces. */
const OWN =
  /^(\/tmp\/\.tamper)?\/proc\/sys\/(net\/|user\/|fs\/mqueue\/|kernel\/(shm|msg|sem|auto_msgmni|hostname|domainname|ns_last_pid|pid_max))/;
/** Of links that are the pod's. */
const OWN_LINKS = /^(\/tmp\/\.tamper)?\/sys\/devices\/virtual\/net\//;

test('a default pod takes no mask away and mounts nothing', async () => {
  await using pod = await startPod(root, { image });
  assert.deepEqual(await probe<Unmasked>(pod, ['unmask']), { unmounted: 0, mounted: 0, writable: [] });
});

test('behind the masks there is nothing that root of a pod could write to', async () => {
  await using pod = await startPod(root, { image, apps: [UNBOUND] });
  const { unmounted, mounted, writable } = await probe<Unmasked>(pod, ['unmask']);
  assert.ok(unmounted > 5 && mounted > 0, `${unmounted} taken away, ${mounted} mounted`);
  assert.deepEqual(
    writable.filter((path) => !OWN.test(path) && !OWN_LINKS.test(path)),
    [],
  );
});

interface Hunt {
  readonly looks: number;
  readonly seen: readonly string[];
}

test('apps of different users cannot look into each other, whoever is root', async () => {
  cpSync(`${image}${INSIDE}`, `${image}/other`);
  await using pod = await startPod(root, {
    image,
    apps: [{}, { exec: ['/other', 'hold'], user: '1000', group: '1000' }],
  });
  const ofRoot = await probe<Hunt>(pod, ['hunt', '50'], { app: 'app0' });
  const ofUser = await pod.exec(['/other', 'hunt', '50'], { app: 'app1' });
  const seenByUser = (JSON.parse(ofUser.stdout) as Hunt).seen;
  assert.ok(ofRoot.looks > 2);
  // Each sees its own: the look can find something.
  assert.ok(ofRoot.seen.includes('probe: exe /probe'), ofRoot.seen.join());
  assert.ok(seenByUser.includes('other: exe /other'), seenByUser.join());
  assert.deepEqual(
    ofRoot.seen.filter((line) => !line.startsWith('probe: ')),
    [],
  );
  assert.deepEqual(
    seenByUser.filter((line) => !line.startsWith('other: ')),
    [],
  );
});

test('links in the image’s own /dev lead nowhere: the pod has another', async () => {
  const trap = newImage(`${scratch}/trap`);
  mkdirSync(`${trap}/dev/pts`, { recursive: true });
  for (const name of ['null', 'console', 'tty', 'ptmx', 'shm', 'mqueue', 'pts/0', 'pts/ptmx', 'kmsg'])
    symlinkSync(canary.file, `${trap}/dev/${name}`);
  await using pod = await startPod(root, { image: trap, apps: [{ tty: true }] });
  const { dev } = await probe<ProbeReport>(pod, ['report']);
  assert.deepEqual([dev['null']?.type, dev['null']?.major, dev['null']?.minor], ['char', 1, 3]);
  assert.equal(dev['console'], undefined);
  assert.equal(dev['kmsg'], undefined);
  canary.assertUntouched();
});
