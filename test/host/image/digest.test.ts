import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { digestOfImage } from '../../../stages/stage0/image/digest.ts';
import { archive } from '../../unit/stage0/image/tar-fixture.ts';
import { digestOf, Workspace, writeLayout } from './workspace.ts';

const LAYER = archive({ path: 'file', content: 'x' });

function dockerArchive(): Buffer {
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
  const rootfs = { type: 'layers', diff_ids: [digestOf(LAYER)] };
  const config = JSON.stringify({ os: 'linux', architecture, config: {}, rootfs });
  const manifest = JSON.stringify([{ Config: 'c.json', RepoTags: ['web:v1'], Layers: ['l.tar'] }]);
  return archive(
    { path: 'l.tar', content: LAYER },
    { path: 'c.json', content: config },
    { path: 'manifest.json', content: manifest },
  );
}

test('the digest of an image is the one it resolves to, with and without a store that knows it', async () => {
  using work = new Workspace();
  writeLayout(join(work.dir, 'layout'), { layers: [LAYER] });
  work.write('a.tar', LAYER);
  work.write('a.tar.gz', gzipSync(LAYER));
  work.write('d.tar', dockerArchive());
  work.write('d.tar.gz', gzipSync(dockerArchive()));
  for (const ref of [
    'oci:layout',
    'tar:a.tar',
    'tar:a.tar.gz',
    'docker-archive:d.tar:web:v1',
    'docker-archive:d.tar.gz',
  ]) {
    const digest = (): Promise<string> => digestOfImage(ref, { storeDir: work.store, baseDir: work.dir });
    const before = await digest();
    const resolved = await work.resolve(ref);
    assert.deepEqual([before, await digest()], [resolved.digest, resolved.digest], ref);
  }
});

test('a layout that has lost its manifest has no digest', async () => {
  using work = new Workspace();
  writeLayout(join(work.dir, 'layout'), { layers: [LAYER] });
  const at = { file: 'web.pod.yaml', line: 4, col: 2 };
  const digest = (): Promise<string> => digestOfImage('oci:layout', { storeDir: work.store, baseDir: work.dir, at });
  rmSync(join(work.dir, 'layout/blobs/sha256', (await digest()).slice('sha256:'.length)));
  await assert.rejects(digest, { code: 'image/reference', at });
});
