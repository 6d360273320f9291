import assert from 'node:assert/strict';
import { chmodSync, chownSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { after, test } from 'node:test';
import { resolveImage } from '../../../stages/stage0/image/resolve.ts';
import { podOk } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { readAll } from '../image/odd-image.ts';
import { writeImage } from './images.ts';
import { RANGE, USER, withRange } from './normal-user.ts';

const scratch = mkdtempSync('/var/tmp/pod-packing-');
const image = `oci:${scratch}/image`;
const out = `${scratch}/out`;
const wrapper = withRange(scratch);
const ranged = { root: useTempRoot({ uid: USER, wrapper }), wrapper, cwd: out };
const single = { root: useTempRoot({ uid: USER, user: USER }), user: USER, cwd: out };

writeImage(`${scratch}/image`);
mkdirSync(out);
chmodSync(scratch, 0o755);
chownSync(out, USER, USER);
after(() => rmSync(scratch, { recursive: true }));

interface Seen {
  readonly path: string;
  readonly type: string;
  readonly uid: number;
  readonly gid: number;
}

test("a normal user's export has the owners of the image, and its whiteouts", async () => {
  await podOk(['fetch', image], ranged);
  await podOk(['image', 'export', image, '-O', 'image.tar'], ranged);
  assert.equal(lstatSync(`${out}/image.tar`).uid, USER);
  const { mounts } = await resolveImage('docker-archive:image.tar', { storeDir: `${scratch}/store`, baseDir: out });
  const [lower, upper] = mounts[0]!.layers.map((layer) => readAll(layer) as Seen[]);
  const secret = lower!.find(({ path }) => path === './data/secret')!;
  assert.deepEqual([secret.uid, secret.gid], [33, 34]);
  assert.equal(upper!.find(({ path }) => path === './gone')?.type, 'char');
  const piped = await podOk(['image', 'export', image, '-O', '-'], ranged);
  assert.match(piped, /^oci-layout/);
  assert.deepEqual(readdirSync(`${ranged.root}/images/tmp`), []);
});

test("a normal user's rendering has the owners as the user's pods have them on the disk", async () => {
  await podOk(['image', 'render', image, 'fs'], ranged);
  const { uid, gid } = lstatSync(`${out}/fs/data/secret`);
  assert.deepEqual([uid, gid], [RANGE.first + 32, RANGE.first + 33]);
  assert.deepEqual(readdirSync(`${out}/fs/old`), ['shown']);
  assert.deepEqual(readdirSync(`${out}/fs`).includes('gone'), false);
});

test('without further ids all of it is the user’s own', async () => {
  await podOk(['fetch', image], single);
  await podOk(['image', 'render', image, 'own'], single);
  assert.equal(lstatSync(`${out}/own/data/secret`).uid, USER);
  assert.deepEqual(readdirSync(`${out}/own/old`), ['shown']);
  await podOk(['image', 'export', image, '-O', 'own.tar'], single);
  assert.deepEqual(
    readdirSync(out).filter((name) => name.startsWith('.')),
    [],
  );
});
