import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  type BigIntStats,
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as zlib from 'node:zlib';
import { fgetxattr } from '../../../stages/linux/file.ts';
import { archive } from '../../unit/stage0/image/tar-fixture.ts';
import { snapshot, Workspace } from './workspace.ts';

/** Revision 2, effective; among the permitted bits are a byte of 0x80 (CAP_SETUID) and one that is a newline: what a reader of text loses. */
const CAPABILITY = Buffer.from('01000002800a00000000000000000000000000000', 'hex').subarray(0, 20);

function xattr(path: string, name: string): Buffer | undefined {
  const fd = openSync(path, 'r');
  try {
    return fgetxattr(fd, name);
  } finally {
    closeSync(fd);
  }
}

test('owners, modes, times, links, devices and attributes are kept', async () => {
  using work = new Workspace();
  const layer = await work.unpack(
    archive(
      { path: './', type: '5', mode: 0o755, mtime: 1000 },
      { path: 'bin/', type: '5', mode: 0o2755, uid: 3, gid: 4, mtime: 2000 },
      { path: 'bin/su', content: 'su', mode: 0o4755, uid: 0, gid: 7, pax: { mtime: '1700000000.123456789' } },
      {
        path: 'bin/ping',
        content: 'ping',
        mode: 0o755,
        pax: { 'SCHILY.xattr.security.capability': CAPABILITY, 'SCHILY.xattr.user.note': 'a\nb' },
      },
      { path: 'bin/sudo', type: '1', linkPath: './bin/su' },
      { path: 'bin/sh', type: '2', linkPath: '/bin/dash', uid: 5, gid: 6, mtime: 3000 },
      { path: 'dev/tty', type: '3', device: [5, 0], mode: 0o666 },
      { path: 'dev/sda', type: '4', device: [8, 300], mode: 0o660, gid: 6 },
      { path: 'run/fifo', type: '6', mode: 0o600 },
      { path: 'big', pax: { uid: '4294967294', gid: '2000000' } },
    ),
  );
  const stat = (name: string): BigIntStats => lstatSync(join(layer, name), { bigint: true });
  const su = stat('bin/su');
  assert.deepEqual(
    [su.mode & 0o7777n, su.uid, su.gid, su.nlink, su.mtimeNs],
    [0o4755n, 0n, 7n, 2n, 1700000000123456789n],
  );
  assert.equal(stat('bin/sudo').ino, su.ino);
  const bin = stat('bin');
  assert.deepEqual([bin.mode & 0o7777n, bin.uid, bin.gid, bin.mtimeNs], [0o2755n, 3n, 4n, 2000n * 1_000_000_000n]);
  assert.equal(stat('.').mtimeNs, 1000n * 1_000_000_000n);
  const sh = stat('bin/sh');
  assert.deepEqual(
    [readlinkSync(join(layer, 'bin/sh')), sh.uid, sh.gid, sh.mtimeNs],
    ['/bin/dash', 5n, 6n, 3000n * 1_000_000_000n],
  );
  assert.deepEqual(
    [stat('dev/tty').isCharacterDevice(), stat('dev/tty').rdev, stat('dev/tty').mode & 0o777n],
    [true, 5n << 8n, 0o666n],
  );
  assert.deepEqual(
    [
      stat('dev/sda').isBlockDevice(),
      execFileSync('stat', ['-c', '%t:%T', join(layer, 'dev/sda')], { encoding: 'utf8' }),
    ],
    [true, '8:12c\n'],
  );
  assert.ok(stat('run/fifo').isFIFO());
  assert.deepEqual([stat('big').uid, stat('big').gid], [4294967294n, 2000000n]);
  assert.deepEqual(xattr(join(layer, 'bin/ping'), 'security.capability'), CAPABILITY);
  assert.equal(xattr(join(layer, 'bin/ping'), 'user.note')?.toString(), 'a\nb');
});

test('whiteouts and opaque directories take overlayfs form', async () => {
  using work = new Workspace();
  const layer = await work.unpack(
    archive(
      { path: 'etc/.wh.passwd' },
      { path: 'var/', type: '5', mode: 0o755 },
      { path: 'var/.wh..wh..opq' },
      { path: 'var/new', content: 'x' },
      { path: '.wh..wh.plnk', content: 'aufs' },
    ),
  );
  const whiteout = lstatSync(join(layer, 'etc/passwd'));
  assert.deepEqual([whiteout.isCharacterDevice(), whiteout.rdev], [true, 0]);
  assert.equal(xattr(join(layer, 'var'), 'trusted.overlay.opaque')?.toString(), 'y');
  assert.equal(xattr(join(layer, 'etc'), 'trusted.overlay.opaque'), undefined);
  assert.equal(lstatSync(join(layer, '.wh..wh.plnk'), { throwIfNoEntry: false }), undefined);
});

test('a whiteout and the same name in one layer: the name stays, and hides what is below', async () => {
  using work = new Workspace();
  const orders = [
    [{ path: '.wh.d' }, { path: 'd/', type: '5', mode: 0o755 }, { path: 'd/a', content: 'x' }],
    [{ path: 'd/', type: '5', mode: 0o755 }, { path: 'd/a', content: 'x' }, { path: '.wh.d' }],
    [{ path: '.wh.d' }, { path: 'd/a', content: 'x' }],
    [{ path: '.wh.d' }, { path: 'd/a', content: 'x' }, { path: 'd/', type: '5', mode: 0o755 }],
  ];
  for (const entries of orders) {
    const layer = await work.unpack(archive(...entries));
    assert.equal(readFileSync(join(layer, 'd/a'), 'utf8'), 'x');
    assert.equal(xattr(join(layer, 'd'), 'trusted.overlay.opaque')?.toString(), 'y');
  }
  const link = { path: 'b', type: '1', linkPath: 'f' };
  await assert.rejects(work.unpack(archive({ path: '.wh.f' }, link)), { code: 'image/corrupt' });
  const layer = await work.unpack(archive({ path: '.wh.f' }, { path: 'f', content: 'new' }));
  assert.equal(readFileSync(join(layer, 'f'), 'utf8'), 'new');
});

test('plain, gzip in one or more members, zstd, xz and bzip2 give the same layer', async () => {
  using work = new Workspace();
  const bytes = archive({ path: 'a', content: 'x'.repeat(3_000_000) }, { path: 'b', type: '2', linkPath: 'a' });
  const plain = await work.unpack(bytes);
  // Directories that no entry describes get a fixed time, so all of it is equal.
  const before = snapshot(plain);
  const members = Buffer.concat([zlib.gzipSync(bytes.subarray(0, 1000)), zlib.gzipSync(bytes.subarray(1000))]);
  const by = (program: string): Buffer => execFileSync(program, ['-c', '-q'], { input: bytes });
  for (const compressed of [zlib.gzipSync(bytes), members, by('zstd'), by('xz'), by('bzip2')]) {
    rmSync(plain, { recursive: true });
    assert.equal(await work.unpack(compressed), plain);
    assert.equal(snapshot(plain), before);
  }
});

test('zstd that begins with a frame to skip is zstd, and a format that is not read is named', async () => {
  using work = new Workspace();
  const bytes = archive({ path: 'BZhme', content: 'x' });
  const plain = await work.unpack(bytes);
  rmSync(plain, { recursive: true });
  const skipped = Buffer.from([0x52, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4]);
  const zstd = execFileSync('zstd', ['-c', '-q'], { input: bytes });
  assert.equal(await work.unpack(Buffer.concat([skipped, zstd])), plain);
  const lzma = execFileSync('xz', ['--format=lzma', '-c'], { input: bytes });
  await assert.rejects(work.unpack(lzma), { code: 'manifest/unsupported', message: /lzma/ });
  const archived = work.resolve(`docker-archive:${work.write('archive', lzma)}`);
  await assert.rejects(archived, { code: 'manifest/unsupported' });
});

test('xz and bzip2 that are cut short or damaged are refused, and so is xz that needs much memory', async () => {
  using work = new Workspace();
  const bytes = archive({ path: 'a', content: Buffer.alloc(200_000, 'xyz') });
  for (const program of ['xz', 'bzip2']) {
    const whole = execFileSync(program, ['-c'], { input: bytes });
    const damaged = Buffer.from(whole);
    damaged[whole.length >> 1]! ^= 0xff;
    for (const broken of [whole.subarray(0, -20), damaged])
      await assert.rejects(work.unpack(broken), { code: 'image/corrupt', message: new RegExp(program) });
  }
  const greedy = execFileSync('xz', ['-c', '--lzma2=dict=512MiB,mode=fast,mf=hc3,nice=4'], { input: bytes });
  await assert.rejects(work.unpack(greedy), { code: 'image/corrupt', message: /[Mm]emory/ });
  assert.deepEqual(work.leftovers(), []);
});

test('a caller whose umask is strict gets the modes of the archive', async () => {
  using work = new Workspace();
  const umask = process.umask(0o077);
  try {
    const layer = await work.unpack(archive({ path: 'open/f', content: 'x', mode: 0o666 }));
    assert.deepEqual(
      [lstatSync(join(layer, 'open')).mode & 0o777, lstatSync(join(layer, 'open/f')).mode & 0o777],
      [0o755, 0o666],
    );
  } finally {
    process.umask(umask);
  }
});

test('a full disk is said to be full, and nothing stays', async () => {
  using work = new Workspace();
  const small = join(work.dir, 'small');
  mkdirSync(small);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', small]);
  try {
    const archivePath = work.write(
      'archive.tar',
      zlib.gzipSync(archive({ path: 'a', content: Buffer.alloc(8_000_000, 'x') })),
    );
    await assert.rejects(work.resolve(`tar:${archivePath}`, { storeDir: join(small, 'store') }), { code: 'state/io' });
    assert.equal(execFileSync('find', [join(small, 'store'), '-mindepth', '2'], { encoding: 'utf8' }), '');
  } finally {
    execFileSync('umount', [small]);
  }
});

async function namesMissingZstd(): Promise<void> {
  using work = new Workspace();
  const bytes = execFileSync('zstd', ['-c', '-q'], { input: archive({ path: 'a' }) });
  const path = process.env.PATH;
  process.env.PATH = work.dir;
  try {
    await assert.rejects(work.unpack(bytes), { code: 'host/tool' });
  } finally {
    process.env.PATH = path;
  }
  assert.deepEqual(work.leftovers(), []);
}

// Later versions of Node need no program.
if (!('createZstdDecompress' in zlib)) test('without a zstd program the package to install is named', namesMissingZstd);
