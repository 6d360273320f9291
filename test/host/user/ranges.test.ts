import assert from 'node:assert/strict';
import { chmodSync, lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { after, test } from 'node:test';
import { pod, podOk } from '../../harness/pod-cli.ts';
import { parseReport, probeManifest } from '../../harness/probe-pod.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { imageManifest, writeImage } from './images.ts';
import { RANGE, USER, whatIsIn, withRange } from './normal-user.ts';

const scratch = mkdtempSync('/var/tmp/pod-user-');
const image = `${scratch}/image`;
const wrapper = withRange(scratch);
const root = useTempRoot({ uid: USER, wrapper });
const as = { root, wrapper };
const rootOfOne = useTempRoot({ uid: USER, user: USER });

chmodSync(scratch, 0o755);
writeImage(image);
after(() => rmSync(scratch, { recursive: true }));

test('with newuidmap and a range the pod has the ids of both', async () => {
  const seen = parseReport(await podOk(['run', '--rm', '--net', 'none', '-'], { ...as, input: probeManifest({}) }));
  for (const map of [seen.uidMap, seen.gidMap]) {
    assert.deepEqual(
      map.map((line) => line.trim().split(/\s+/).map(Number)),
      [
        [0, USER, 1],
        [1, RANGE.first, RANGE.count - 1],
      ],
    );
  }
  assert.deepEqual([seen.uid[0], seen.gid[0], seen.groups], [0, 0, [0]]);
});

test('an image keeps its owners, and its apps are whom they are to be; rm leaves nothing', async () => {
  const input = imageManifest(image, 'www');
  const lines = ['33', '34', '33:34', 'of www', 'shown', 'no /gone', '33:34'];
  const uuid = await podOk(['run', '-d', '-'], { ...as, input });
  assert.equal(await podOk(['wait', uuid], as), '0');
  assert.equal(await podOk(['logs', uuid], as), lines.join('\n'));
  // On the host it is the user's own range.
  const layers = readdirSync(`${root}/images/layers`).map((name) => `${root}/images/layers/${name}/data/secret`);
  const owners = layers.flatMap((path) => lstatSync(path, { throwIfNoEntry: false })?.uid ?? []);
  assert.deepEqual(owners, [RANGE.first + 32]);
  await podOk(['rm', uuid], as);
  assert.deepEqual(whatIsIn(root), []);
});

test('status shows of an app with another id what its user may see', async () => {
  const app = { image: 'host', exec: ['/bin/sleep', 'infinity'] };
  const apps = [
    { ...app, name: 'own' },
    { ...app, name: 'other', user: '1000' },
  ];
  const metadata = { name: 'two-ids' };
  const input = JSON.stringify({ apiVersion: 'pod/v1', kind: 'Pod', metadata, network: { mode: 'none' }, apps });
  const uuid = await podOk(['run', '-d', '-'], { ...as, input });
  try {
    const shown = JSON.parse(await podOk(['status', '-o', 'json', uuid], as)) as {
      apps: { name: string; inForce: Record<string, unknown> }[];
    };
    const [own, other] = shown.apps.map(({ inForce }) => inForce);
    assert.deepEqual(own!['os/linux/personality'], { persona: 0 });
    assert.equal(other!['os/linux/personality'], null);
    assert.deepEqual(other!['os/linux/no-new-privileges'], { on: true });
    assert.match(await podOk(['status', uuid], as), /^other +running/m);
  } finally {
    await podOk(['rm', '--force', uuid], as);
  }
});

test('without a range everything in the image is its root’s, and other users are refused at their line', async () => {
  const one = { root: rootOfOne, user: USER };
  const lines = ['0', '0', '0:0', 'of www', 'shown', 'no /gone', '0:0'];
  assert.equal(await podOk(['run', '--rm', '-'], { ...one, input: imageManifest(image, '0') }), lines.join('\n'));
  const { stderr } = await pod(['run', '-'], { ...one, input: imageManifest(image, 'www') });
  assert.match(stderr, /^-:1:\d+: error: run app "a" as user 33: .*\[host\/unsupported\]$/m);
  assert.deepEqual(whatIsIn(rootOfOne), []);
});

test('layers that were unpacked for other ids are not taken for ours', async () => {
  const input = imageManifest(image, '0').replace('"name":"owners"', '"name":"again"');
  const { stderr } = await pod(['run', '-'], { root: rootOfOne, wrapper, input });
  assert.match(stderr, /unpacked for other ids.*\[state\/io\]/);
});
