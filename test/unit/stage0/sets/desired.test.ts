import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PodErrors } from '../../../../stages/stage0/error.ts';
import { digestWith, describe } from '../../../../stages/stage0/sets/describe.ts';
import { readDesired } from '../../../../stages/stage0/sets/desired.ts';
import type { FolderFile, StandIn } from '../../../../stages/stage0/sets/folder.ts';
import type { Inventory } from '../../../../stages/stage0/sets/inventory.ts';
import { useScratch } from '../pod/scratch.ts';

const storeDir = useScratch();
const CONTENTS = { images: { 'tar:./gone.tar': 'sha256:1' }, files: {} };

function file(text: string, standIn?: StandIn): FolderFile {
  return { file: 'a.pod.yaml', path: 'prod/a.pod.yaml', baseDir: '/prod', text, standIn };
}

function manifest(word = 'x', comment = ''): string {
  return `apiVersion: pod/v1\nkind: Pod\nmetadata: {name: a}\napps: [{name: a, image: "tar:./gone.tar", exec: [/${word}]}]${comment}\n`;
}

async function podsOf(text: string): Promise<Inventory['pods']> {
  const { form, rollout } = (await describe(file(text))).description!;
  const about = { uuid: 'u', text: 't', file: 'a.pod.yaml', baseDir: '/prod' };
  return { a: { current: { ...about, digest: digestWith(form, CONTENTS), contents: CONTENTS, rollout } } };
}

test('a stand-in is what its pod was made from, whatever has become of that', async () => {
  const pods = await podsOf(manifest());
  const standIn = file(manifest('x', ' # new'), 'restart');
  const { pods: desired } = await readDesired([standIn], { storeDir, pods });
  assert.deepEqual([desired[0]?.digest, desired[0]?.contents], [pods['a']?.current?.digest, CONTENTS]);
});

test('one whose pod was made of another manifest is looked at, unless nothing is done to its pod', async () => {
  const pods = await podsOf(manifest('other'));
  await assert.rejects(readDesired([file(manifest(), 'restart')], { storeDir, pods }));
  await assert.rejects(readDesired([file(manifest())], { storeDir, pods }));
  assert.equal((await readDesired([file(manifest(), 'keep')], { storeDir, pods })).pods.length, 1);
});

test('isolators of a manifest without other errors are judged with the errors of other manifests', async () => {
  const files = [
    manifest().replace('exec', 'exce'),
    manifest().replace('exec', 'isolators: {resource/cpu: {request: 2, limit: 1}}, exec'),
  ];
  await assert.rejects(
    readDesired(
      files.map((text, index) => ({ ...file(text, 'keep'), path: `${index}.pod.yaml` })),
      { storeDir, pods: {} },
    ),
    (error) => {
      assert.ok(error instanceof PodErrors);
      const found = error.errors.map(({ at, message }) => `${at?.file} ${message.split(':')[0]}`);
      assert.deepEqual(found, ['0.pod.yaml apps[0]', '1.pod.yaml request "2" of cpu']);
      return true;
    },
  );
});
