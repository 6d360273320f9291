import assert from 'node:assert/strict';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { resolveCached } from '../../../stages/stage0/image/resolve.ts';
import type { ImageProgress } from '../../../stages/stage0/image/types.ts';
import { archive } from '../../unit/stage0/image/tar-fixture.ts';
import { digestOf, type LayoutOptions, Workspace, writeLayout } from './workspace.ts';

const BASE = archive({ path: 'etc/passwd', content: 'root:x:0:0::/root:/bin/sh\n' });
const TOP = archive({ path: 'app', content: 'x'.repeat(100_000) });

async function refuses(
  options: LayoutOptions,
  code: string,
  spoil: (layout: string) => void = () => undefined,
): Promise<void> {
  using work = new Workspace();
  const layout = join(work.dir, 'layout');
  writeLayout(layout, options);
  spoil(layout);
  await assert.rejects(work.resolve('oci:layout'), { code });
  assert.deepEqual([...work.leftovers(), ...readdirSync(join(work.store, 'refs'))], []);
}

function blobPath(layout: string, bytes: Buffer): string {
  return join(layout, 'blobs/sha256', digestOf(bytes).slice(7));
}

test('layers are unpacked once, in order, and reported', async () => {
  using work = new Workspace();
  const layers = [gzipSync(BASE), TOP, gzipSync(BASE)];
  writeLayout(join(work.dir, 'layout'), {
    layers,
    diffIds: [digestOf(BASE), digestOf(TOP), digestOf(BASE)],
    config: { Cmd: ['/app'] },
  });
  const seen: ImageProgress[] = [];
  const image = await work.resolve('oci:layout', { onProgress: (progress: ImageProgress) => seen.push(progress) });
  // The same layer twice is once in an overlay, where it counts: on top.
  const hex = [TOP, BASE].map((bytes) => digestOf(bytes).slice(7));
  assert.deepEqual(image.mounts, [{ target: '/', layers: hex.map((name) => join(work.store, 'layers', name)) }]);
  assert.deepEqual(image.config.command, ['/app']);
  assert.equal(seen.filter(({ kind }) => kind === 'done').length, 2);
  assert.ok(seen.some((progress) => progress.kind === 'layer' && progress.doneBytes === progress.totalBytes));
  assert.deepEqual(resolveCached('oci:layout', { storeDir: work.store, baseDir: work.dir }), image);
});

test('a changed index, and a layer that is gone, end what was remembered', async () => {
  using work = new Workspace();
  const layout = join(work.dir, 'layout');
  const options = { storeDir: work.store, baseDir: work.dir };
  writeLayout(layout, { layers: [BASE] });
  const first = await work.resolve('oci:layout');
  writeFileSync(join(layout, 'index.json'), readFileSync(join(layout, 'index.json')));
  assert.equal(resolveCached('oci:layout', options), undefined);
  assert.deepEqual(await work.resolve('oci:layout'), first);
  rmSync(first.mounts[0]!.layers[0]!, { recursive: true });
  assert.equal(resolveCached('oci:layout', options), undefined);
  assert.deepEqual(await work.resolve('oci:layout'), first);
});

test('a store that moved still knows its images', async () => {
  using work = new Workspace();
  writeLayout(join(work.dir, 'layout'), { layers: [BASE] });
  await work.resolve('oci:layout');
  const moved = join(work.dir, 'moved');
  renameSync(work.store, moved);
  assert.ok(
    resolveCached('oci:layout', { storeDir: moved, baseDir: work.dir })?.mounts[0]!.layers[0]!.startsWith(moved),
  );
});

test('a layer with another diff id than the configuration says is corrupt', () =>
  refuses({ layers: [BASE, TOP], diffIds: [digestOf(BASE), digestOf(BASE)] }, 'image/corrupt'));
test('more layers than diff ids are corrupt', () =>
  refuses({ layers: [BASE, TOP], diffIds: [digestOf(BASE)] }, 'image/corrupt'));
test('no layers at all are corrupt', () => refuses({ layers: [] }, 'image/corrupt'));
test('a foreign layer type is corrupt', () =>
  refuses({ layers: [BASE], layerType: 'application/vnd.wasm' }, 'image/corrupt'));
test('a manifest that is also an index is corrupt', () =>
  refuses({ layers: [BASE], manifest: { manifests: [] } }, 'image/corrupt'));
test('an image for another machine is told apart', () =>
  refuses({ layers: [BASE], architecture: 's390x' }, 'image/platform'));
test('a truncated blob is corrupt', () =>
  refuses({ layers: [BASE] }, 'image/corrupt', (layout) => truncateSync(blobPath(layout, BASE), 700)));
test('a missing blob is an error of the reference', () =>
  refuses({ layers: [BASE] }, 'image/reference', (layout) => rmSync(blobPath(layout, BASE))));
test('a missing index is an error of the reference', () =>
  refuses({ layers: [BASE] }, 'image/reference', (layout) => rmSync(join(layout, 'index.json'))));
test('an index that is no JSON is corrupt', () =>
  refuses({ layers: [BASE] }, 'image/corrupt', (layout) => writeFileSync(join(layout, 'index.json'), '{')));
test('another layout version is refused', () =>
  refuses({ layers: [BASE] }, 'image/reference', (layout) =>
    writeFileSync(join(layout, 'oci-layout'), '{"imageLayoutVersion":"2.0.0"}'),
  ));

test('a blob of the right size with other bytes is corrupt', () =>
  refuses({ layers: [BASE] }, 'image/corrupt', (layout) =>
    writeFileSync(blobPath(layout, BASE), archive({ path: 'etc/passwd', content: 'root::0:0::/root:/bin/sh\n\n' })),
  ));

test('a blob that is a device is not read', () =>
  refuses({ layers: [BASE] }, 'image/reference', (layout) => {
    rmSync(blobPath(layout, BASE));
    symlinkSync('/dev/zero', blobPath(layout, BASE));
  }));

test('a digest that is a path is corrupt', () =>
  refuses({ layers: [BASE] }, 'image/corrupt', (layout) => {
    const index = readFileSync(join(layout, 'index.json'), 'utf8').replace(
      /sha256:[0-9a-f]{64}/,
      'sha256:../../../canary/file',
    );
    writeFileSync(join(layout, 'index.json'), index);
  }));

test('two resolves of one image at the same time unpack each layer once', async () => {
  using work = new Workspace();
  writeLayout(join(work.dir, 'a'), { layers: [BASE, TOP] });
  writeLayout(join(work.dir, 'b'), { layers: [BASE, TOP], config: { User: '5' } });
  let done = 0;
  const onProgress = (progress: ImageProgress): void => void (done += Number(progress.kind === 'done'));
  const [a, b] = await Promise.all(['oci:a', 'oci:b'].map((ref) => work.resolve(ref, { onProgress })));
  assert.deepEqual(a!.mounts, b!.mounts);
  assert.equal(done, 2);
  assert.deepEqual(work.leftovers(), []);
});

test('an abort ends a resolve and leaves nothing', async () => {
  using work = new Workspace();
  writeLayout(join(work.dir, 'layout'), {
    layers: [BASE, archive({ path: 'big', content: Buffer.alloc(20_000_000) })],
  });
  const controller = new AbortController();
  const resolving = work.resolve('oci:layout', { signal: controller.signal, onProgress: () => controller.abort() });
  await assert.rejects(resolving, { name: 'AbortError' });
  assert.deepEqual(work.leftovers(), []);
});

test('an error carries the place in the manifest', async () => {
  using work = new Workspace();
  const at = { file: 'pod.yaml', line: 3, col: 5 };
  await assert.rejects(work.resolve('oci:nowhere', { at }), { code: 'image/reference', at });
});

test('the store is closed to everybody else', async () => {
  using work = new Workspace();
  mkdirSync(join(work.dir, 'root/etc'), { recursive: true });
  await work.resolve('dir:root');
  const { statSync } = await import('node:fs');
  for (const name of ['', 'layers', 'refs', 'locks', 'tmp'])
    assert.equal(statSync(join(work.store, name)).mode & 0o777, 0o700);
});
