import assert from 'node:assert/strict';
import { test } from 'node:test';
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
