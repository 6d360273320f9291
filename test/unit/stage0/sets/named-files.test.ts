import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FolderFile } from '../../../../stages/stage0/sets/folder.ts';
import { namedFiles } from '../../../../stages/stage0/sets/named-files.ts';
import { useScratch } from '../pod/scratch.ts';

const root = useScratch();

function file(name: string, image: string, volumes: readonly object[]): FolderFile {
  const mounts = volumes.map((_, at) => ({ volume: `v${at}`, path: `/v${at}` }));
  const apps = [{ name: 'a', image, exec: ['/bin/true'], mounts }];
  const named = volumes.map((volume, at) => ({ name: `v${at}`, kind: 'host', ...volume }));
  const text = JSON.stringify({ apiVersion: 'pod/v1', kind: 'Pod', metadata: { name }, apps, volumes: named });
  return { file: `below/${name}.pod.yaml`, path: `${name}.pod.yaml`, baseDir: '/prod/below', text };
}

test('manifests name their images, what pods have read-only, and the lock beside them; in the folder', async () => {
  const volumes = [
    { source: './site.conf', readOnly: true },
    { source: './data' },
    { source: '/etc/hosts', readOnly: true },
  ];
  const files = [
    file('a', 'tar:../root.tar', volumes),
    file('b', 'oci:./image:latest', []),
    file('c', 'host', []),
    file('d', 'oci:/images/web', []),
    { ...file('e', 'host', []), text: '{' },
  ];
  assert.deepEqual((await namedFiles(files, { root, set: 'prod', folder: '/prod' })).toSorted(), [
    '/prod/below/image/index.json',
    '/prod/below/pod.lock',
    '/prod/below/site.conf',
    '/prod/root.tar',
  ]);
});
