import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PodError } from '../../../../stages/stage0/error.ts';
import type { TarEntry } from '../../../../stages/stage0/image/tar/entry.ts';
import { ArchiveForm, type LayerForm } from '../../../../stages/stage0/packing/archive-form.ts';

const PLAIN: TarEntry = {
  path: '',
  linkPath: '',
  type: 'directory',
  size: 0,
  mode: 0o755,
  uid: 0,
  gid: 0,
  mtimeSec: 0,
  mtimeNs: 0,
  devMajor: 0,
  devMinor: 0,
  xattrs: [],
};
const OPAQUE: TarEntry['xattrs'] = [['trusted.overlay.opaque', Buffer.from('y')]];

function packed(entries: readonly Partial<TarEntry>[], form: Partial<LayerForm> = {}): string[] {
  const seen: string[] = [];
  let open = 0;
  const sink = {
    begin: ({ path, type, linkPath, xattrs }: TarEntry): void => {
      assert.equal(open++, 0);
      seen.push([path, type, linkPath, ...xattrs.map(([name]) => name)].filter((part) => part !== '').join(' '));
    },
    data: (): void => assert.equal(open, 1),
    end: (): void => assert.equal(--open, 0),
  };
  const archive = new ArchiveForm(sink, { isOpaque: false, implicit: new Set(), ...form }, 'a layer');
  for (const entry of entries) {
    archive.begin({ ...PLAIN, ...entry });
    if (entry.type === 'file') archive.data(Buffer.from('x'));
    archive.end();
  }
  assert.equal(open, 0);
  return seen;
}

test('marks of overlayfs become whiteouts, also in directories that the image said nothing about', () => {
  const entries: Partial<TarEntry>[] = [
    { path: '.', mode: 0o700 },
    { path: './a', xattrs: [...OPAQUE, ['user.note', Buffer.from('x')], ['security.selinux', Buffer.from('x')]] },
    { path: './a/gone', type: 'char' },
    { path: './a/null', type: 'char', devMajor: 1, devMinor: 3 },
    { path: './b', xattrs: [['user.overlay.opaque', Buffer.from('y')]] },
    { path: './b/file', type: 'file', size: 1 },
    { path: './b/link', type: 'hardlink', linkPath: './b/file' },
    { path: './b/symlink', type: 'symlink', linkPath: './file' },
  ];
  assert.deepEqual(packed(entries, { implicit: new Set(['b']) }), [
    './ directory',
    'a/ directory user.note',
    'a/.wh..wh..opq file',
    'a/.wh.gone file',
    'a/null char',
    'b/.wh..wh..opq file',
    'b/file file',
    'b/link hardlink b/file',
    'b/symlink symlink ./file',
  ]);
});

test('a root that no entry spoke of stays unsaid, opaque or not', () => {
  assert.deepEqual(packed([{ path: '.' }, { path: './a' }]), ['a/ directory']);
  assert.deepEqual(packed([{ path: '.', xattrs: OPAQUE }], { isOpaque: true }), ['.wh..wh..opq file']);
  assert.deepEqual(packed([{ path: '.', uid: 1 }], { isOpaque: true }), ['./ directory', '.wh..wh..opq file']);
});

test('a name that would remove something is refused', () => {
  for (const path of ['./.wh.a', './a/.wh..wh..opq', './.wh..wh.plnk'])
    assert.throws(
      () => packed([{ path, type: 'file' }]),
      (error) => error instanceof PodError && error.code === 'host/refused',
    );
});
