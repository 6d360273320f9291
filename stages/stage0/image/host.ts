import { createHash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  fdatasyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostEtc, type SkeletonItem } from './host-etc.ts';
import { layerPath } from './layer.ts';
import { type ImageRecord, stampOf } from './record.ts';
import { type Store, storeFailure, TempDir } from './store.ts';
import type { ImageConfig, ImageMount } from './types.ts';

const CONFIG: ImageConfig = {
  entrypoint: [],
  command: ['/bin/sh'],
  env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' },
  volumes: [],
};

/** Programs and libraries outside /usr: links into it on a merged host, separate directories on others. */
const SYSTEM_NAMES = ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32'];

/** These directories are empty in the image: the host's content of them is not exposed. */
const EMPTY: readonly (readonly [string, number])[] = [
  ['dev', 0o755],
  ['etc', 0o755],
  ['home', 0o755],
  ['mnt', 0o755],
  ['opt', 0o755],
  ['proc', 0o555],
  ['root', 0o700],
  ['run', 0o755],
  ['srv', 0o755],
  ['sys', 0o555],
  ['tmp', 0o1777],
  ['usr', 0o755],
  ['var', 0o755],
  ['var/cache', 0o755],
  ['var/lib', 0o755],
  ['var/log', 0o755],
  ['var/tmp', 0o1777],
];

/**
 * The host's own system as an image: its /usr in place, and a layer with the other files that programs need. That layer is made
 * once for each state of the host; `stamps` identify the files that it depends on.
 */
export function resolveHost(store: Store): ImageRecord & { readonly stamps: Readonly<Record<string, string>> } {
  const etc = hostEtc();
  // The root directory shows changes of the system names: they are links or mount points and cannot be edited in place.
  const stamps = stampsOf([...etc.sources, '/']);
  const system = systemItems();
  const items = [
    ...EMPTY.map(([path, mode]): SkeletonItem => ({ path, kind: 'directory', mode })),
    ...system.items,
    ...etc.items,
  ];
  items.push(
    { path: 'var/run', kind: 'symlink', target: '/run' },
    { path: 'var/lock', kind: 'symlink', target: '/run/lock' },
  );
  const hex = digestOf(items);
  const layer = layerPath(store, hex);
  if (!existsSync(layer)) buildSkeleton(store, layer, items);
  const mounts: ImageMount[] = [{ target: '/', layers: [layer] }, ...system.mounts];
  return { digest: `sha256:${hex}`, config: CONFIG, mounts, stamps };
}

function stampsOf(paths: readonly string[]): Record<string, string> {
  return Object.fromEntries(paths.map((path) => [path, stampOf(path)]));
}

function systemItems(): { readonly items: SkeletonItem[]; readonly mounts: ImageMount[] } {
  const items: SkeletonItem[] = [];
  const mounts: ImageMount[] = [{ target: '/usr', layers: ['/usr'] }];
  for (const name of SYSTEM_NAMES) {
    const stat = lstatSync(`/${name}`, { throwIfNoEntry: false });
    if (stat?.isSymbolicLink()) items.push({ path: name, kind: 'symlink', target: readlinkSync(`/${name}`) });
    else if (stat?.isDirectory()) {
      items.push({ path: name, kind: 'directory', mode: 0o755 });
      mounts.push({ target: `/${name}`, layers: [`/${name}`] });
    }
  }
  return { items, mounts };
}

function digestOf(items: readonly SkeletonItem[]): string {
  const hash = createHash('sha256').update('pod host skeleton 1\0');
  for (const item of items) {
    const { content, ...rest } = { content: undefined, ...item };
    hash.update(`${JSON.stringify(rest)}${content?.length ?? ''}\0`);
    if (content) hash.update(content);
  }
  return hash.digest('hex');
}

function buildSkeleton(store: Store, layer: string, items: readonly SkeletonItem[]): void {
  try {
    using temp = TempDir.create(store);
    for (const item of items) make(`${temp.path}/${item.path}`, item);
    chmodSync(temp.path, 0o755);
    // Synced one by one after all are written: syncing the first one writes most of the others too.
    for (const { path, kind } of items) if (kind === 'file') sync(`${temp.path}/${path}`);
    temp.publish(layer);
  } catch (error) {
    throw storeFailure('build the host image', error);
  }
}

/** Syncs the file before the layer gets its name; see `Writeback`. */
function sync(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fdatasyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Sets modes separately, because the umask is not ours to change. */
function make(path: string, item: SkeletonItem): void {
  if (item.kind === 'symlink') return symlinkSync(item.target, path);
  if (item.kind === 'directory') mkdirSync(path);
  else writeFileSync(path, item.content, { flag: 'wx' });
  chmodSync(path, item.mode);
}
