import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { digestOfImage } from '../../../stages/stage0/image/digest.ts';
import { resolveCached } from '../../../stages/stage0/image/resolve.ts';
import type { ImageProgress } from '../../../stages/stage0/image/types.ts';
import { LayoutRegistry, type Trick } from '../../harness/registry.ts';
import { archive } from '../../unit/stage0/image/tar-fixture.ts';
import { digestOf, type LayoutOptions, Workspace, writeLayout } from './workspace.ts';

const BASE = archive({ path: 'etc/passwd', content: 'root:x:0:0::/root:/bin/sh\n' });
/** Large enough to come in several pieces. */
const TOP = archive({ path: 'app', content: randomBytes(600_000).toString('hex') });
/** Attempts follow each other at once. */
const CLIENT = { env: { HOME: '/nonexistent' }, pauseMs: 1, idleMs: 60_000 };

interface Served extends AsyncDisposable {
  readonly work: Workspace;
  readonly registry: LayoutRegistry;
  readonly layout: string;
}

async function serve(options: LayoutOptions, trick?: Trick): Promise<Served> {
  const work = new Workspace();
  const layout = join(work.dir, 'layout');
  writeLayout(layout, options);
  const registry = await LayoutRegistry.start(layout, trick ? { trick } : {});
  const dispose = async (): Promise<void> => {
    await registry[Symbol.asyncDispose]();
    work[Symbol.dispose]();
  };
  return { work, registry, layout, [Symbol.asyncDispose]: dispose };
}

function refsOf({ store }: Workspace): string[] {
  return readdirSync(join(store, 'refs'));
}

function layersOf({ store }: Workspace): string[] {
  return readdirSync(join(store, 'layers')).toSorted();
}

/** The image is refused, and nothing of it is left. */
async function refuses(
  code: string,
  trick: Trick,
  options: LayoutOptions = { layers: [BASE] },
  client: object = CLIENT,
): Promise<string> {
  await using served = await serve(options, trick);
  const { work, registry } = served;
  let message = '';
  await assert.rejects(work.resolve(registry.ref, { client }), (error: Error & { code?: string }) => {
    message = error.message;
    assert.equal(error.code, code, error.stack);
    return true;
  });
  assert.deepEqual([...work.leftovers(), ...refsOf(work)], []);
  return message;
}

test('an image of a registry is fetched once, its layers verified and unpacked', async () => {
  await using served = await serve({
    layers: [gzipSync(BASE), TOP],
    diffIds: [BASE, TOP].map(digestOf),
    config: { Cmd: ['/app'] },
  });
  const { work, registry } = served;
  const seen: ImageProgress[] = [];
  const options = { client: CLIENT, onProgress: (progress: ImageProgress) => seen.push(progress) };
  const image = await work.resolve(registry.ref, options);
  assert.deepEqual(image.config.command, ['/app']);
  assert.deepEqual(image.mounts, [
    { target: '/', layers: [BASE, TOP].map((bytes) => join(work.store, 'layers', digestOf(bytes).slice(7))) },
  ]);
  assert.equal(readFileSync(join(image.mounts[0]!.layers[1]!, 'app'), 'utf8').length, 1_200_000);
  assert.ok(seen.some((progress) => progress.kind === 'download' && progress.doneBytes === progress.totalBytes));
  assert.deepEqual(work.leftovers(), []);
  const asked = registry.requests.length;
  assert.deepEqual(await work.resolve(registry.ref, options), image);
  const byDigest = registry.ref.replace(':latest', `@${image.digest}`);
  assert.deepEqual({ ...resolveCached(byDigest, { storeDir: work.store, baseDir: '/' }), ref: registry.ref }, image);
  assert.equal(registry.requests.length, asked);
});

test('layers that the store has are not fetched again', async () => {
  await using served = await serve({ layers: [BASE, TOP] });
  const { work, registry, layout } = served;
  await work.resolve(registry.ref, { client: CLIENT });
  rmSync(join(layout, 'blobs'), { recursive: true });
  writeLayout(layout, { layers: [BASE, TOP], config: { Cmd: ['/other'] } });
  rmSync(join(work.store, 'refs'), { recursive: true });
  registry.requests.length = 0;
  await work.resolve(registry.ref, { client: CLIENT });
  assert.deepEqual(
    registry.requests.filter(({ url }) => url.includes(digestOf(BASE)) || url.includes(digestOf(TOP))),
    [],
  );
});

test('a tag that moves stays what it was, and a digest finds what it names', async () => {
  await using served = await serve({ layers: [BASE] });
  const { work, registry, layout } = served;
  const first = await work.resolve(registry.ref, { client: CLIENT });
  writeLayout(layout, { layers: [TOP] });
  assert.equal((await work.resolve(registry.ref, { client: CLIENT })).digest, first.digest);
  const now = await digestOfImage(registry.ref, { storeDir: work.store, baseDir: '/', asksRegistry: true });
  assert.notEqual(now, first.digest);
  const pinned = await work.resolve(registry.ref, { client: CLIENT, digest: now });
  assert.deepEqual([pinned.digest, pinned.mounts[0]!.layers.length], [now, 1]);
  assert.equal((await work.resolve(registry.ref, { client: CLIENT })).digest, first.digest);
});

test('a transfer that breaks off goes on where it ended', async () => {
  let cuts = 0;
  await using served = await serve({ layers: [TOP] }, (request, response) => {
    if (!request.url!.endsWith(digestOf(TOP)) || cuts >= 3) return false;
    cuts++;
    const from = Number(/\d+/.exec(request.headers.range ?? '0')![0]);
    response.statusCode = from > 0 ? 206 : 200;
    response.setHeader('content-length', TOP.length - from);
    response.setHeader('content-range', `bytes ${from}-${TOP.length - 1}/${TOP.length}`);
    response.write(TOP.subarray(from, from + 200_000), () => response.destroy());
    return true;
  });
  const { work, registry } = served;
  await work.resolve(registry.ref, { client: CLIENT });
  const ranges = registry.requests.filter(({ url }) => url.endsWith(digestOf(TOP))).map(({ range }) => range);
  assert.equal(ranges.length, 4);
  assert.ok(ranges.slice(1).every((range) => range !== undefined && range !== 'bytes=0-'));
});

test('a server that ignores where to go on is heard from the start', async () => {
  let cuts = 0;
  await using served = await serve({ layers: [TOP] }, (request, response) => {
    if (!request.url!.endsWith(digestOf(TOP))) return false;
    if (cuts++ === 0) response.write(TOP.subarray(0, 200_000), () => response.destroy());
    else response.end(TOP);
    return true;
  });
  const { work, registry } = served;
  await work.resolve(registry.ref, { client: CLIENT });
  assert.equal(cuts, 2);
});

test('a registry that is busy is asked again, one that stays so is an error', async () => {
  let left = 2;
  const busy: Trick = (request, response) => {
    if (!request.url!.includes('/manifests/') || left-- <= 0) return false;
    response.writeHead(503, { 'retry-after': '0' }).end();
    return true;
  };
  await using served = await serve({ layers: [BASE] }, busy);
  await served.work.resolve(served.registry.ref, { client: CLIENT });
  left = 1_000;
  const message = await refuses('image/unreachable', busy);
  assert.match(message, /answers 503/);
});

test('what is not there, or not for everybody, is said to be', async () => {
  const missing = await refuses('image/reference', (request, response) => {
    if (!request.url!.includes('/manifests/')) return false;
    response.writeHead(404).end('{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}');
    return true;
  });
  assert.match(missing, /answers 404, MANIFEST_UNKNOWN: manifest unknown/);
  await refuses('image/denied', (_request, response) => {
    response.writeHead(403).end();
    return true;
  });
});

test('bytes that are not those of the digest are refused, wherever they are', async () => {
  const swap =
    (match: RegExp, bytes: Buffer): Trick =>
    (request, response) => {
      if (!match.test(request.url!)) return false;
      response.setHeader('content-type', 'application/vnd.oci.image.manifest.v1+json');
      response.end(bytes);
      return true;
    };
  const other = Buffer.from(BASE);
  other[0]! ^= 1;
  await refuses('image/corrupt', swap(new RegExp(digestOf(BASE)), other));
  // The configuration, of which the layers are read.
  const config = Buffer.from('{"os":"linux","rootfs":{"diff_ids":[]}}');
  await refuses('image/corrupt', swap(new RegExp(`blobs/(?!${digestOf(BASE)})`), config));
  const promised: Trick = (request, response) => {
    if (!request.url!.includes('/manifests/')) return false;
    response.setHeader('docker-content-digest', `sha256:${'0'.repeat(64)}`);
    response.end('{"schemaVersion":2}');
    return true;
  };
  await refuses('image/corrupt', promised);
});

test('no byte more than announced is written', async () => {
  await refuses('image/hostile', (request, response) => {
    if (!request.url!.endsWith(digestOf(BASE))) return false;
    response.write(BASE);
    response.end('more');
    return true;
  });
});

test('a server that stops to answer, and one that never ends, are left', async () => {
  const startedMs = performance.now();
  const silent = await refuses(
    'image/unreachable',
    (request, response) => {
      if (!request.url!.endsWith(digestOf(TOP))) return false;
      response.write(TOP.subarray(0, 1000));
      return true;
    },
    { layers: [TOP] },
    { ...CLIENT, idleMs: 1_000 },
  );
  assert.match(silent, /no answer for/);
  assert.ok(performance.now() - startedMs < 20_000);
  await refuses('image/corrupt', (request, response) => {
    if (!request.url!.includes('/manifests/')) return false;
    const more = (): void => {
      while (response.writable && response.write(Buffer.alloc(65_536, ' ')));
    };
    response.on('drain', more);
    more();
    return true;
  });
});

test('documents that are an image to some and an index to others are refused', async () => {
  const answer =
    (document: object, type: string): Trick =>
    (request, response) => {
      if (!request.url!.includes('/manifests/')) return false;
      response.setHeader('content-type', type);
      response.end(JSON.stringify(document));
      return true;
    };
  const index = 'application/vnd.oci.image.index.v1+json';
  const manifest = 'application/vnd.oci.image.manifest.v1+json';
  await refuses('image/corrupt', answer({ schemaVersion: 2, mediaType: manifest, layers: [] }, index));
  await refuses('image/corrupt', answer({ schemaVersion: 2, layers: [], manifests: [] }, manifest));
  await refuses('image/corrupt', answer({ schemaVersion: 2, layers: [], manifests: [] }, index));
  await refuses('image/corrupt', answer({ schemaVersion: 1, fsLayers: [] }, 'application/json'));
  await refuses('image/corrupt', answer({ schemaVersion: 2, mediaType: 'text/plain' }, 'text/plain'));
  const digest = 'sha256:../../../../etc/passwd';
  const descriptor = { mediaType: manifest, digest, size: 3 };
  await refuses('image/corrupt', answer({ schemaVersion: 2, manifests: [descriptor] }, index));
  const layers = Array.from({ length: 100_000 }, () => ({ ...descriptor, digest: digestOf(BASE) }));
  await refuses(
    'image/corrupt',
    answer({ schemaVersion: 2, config: { ...descriptor, digest: digestOf(BASE) }, layers }, manifest),
  );
});

test('a layer with addresses of its own is fetched from its registry and nowhere else', async () => {
  await using elsewhere = await serve({ layers: [BASE] });
  const foreign = 'application/vnd.docker.image.rootfs.foreign.diff.tar';
  const urls = [`http://127.0.0.1:${elsewhere.registry.port}/v2/`];
  const layer = { mediaType: foreign, digest: digestOf(BASE), size: BASE.length, urls };
  await using served = await serve({ layers: [BASE], manifest: { layers: [layer] } });
  await served.work.resolve(served.registry.ref, { client: CLIENT });
  assert.deepEqual(elsewhere.registry.requests, []);
});

test('a killed fetch leaves what a sweep removes', async () => {
  await using served = await serve({ layers: [BASE, TOP] });
  const { work, registry } = served;
  const stop = new AbortController();
  const onProgress = ({ kind }: ImageProgress): void => {
    if (kind === 'download') stop.abort(new Error('enough'));
  };
  await assert.rejects(work.resolve(registry.ref, { client: CLIENT, onProgress, signal: stop.signal }), /enough/);
  assert.deepEqual([...work.leftovers(), ...refsOf(work)], []);
  assert.deepEqual(layersOf(work).length <= 1, true);
});

test('a disk that is full is said to be, and nothing stays', async () => {
  await using served = await serve({ layers: [TOP] });
  const { work, registry } = served;
  const small = join(work.dir, 'small');
  mkdirSync(small);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', small]);
  try {
    const options = { client: CLIENT, storeDir: join(small, 'store') };
    await assert.rejects(work.resolve(registry.ref, options), { code: 'state/io' });
    assert.equal(execFileSync('find', [join(small, 'store'), '-mindepth', '2'], { encoding: 'utf8' }), '');
  } finally {
    execFileSync('umount', [small]);
  }
});
