import { archive, type FixtureEntry } from '../../unit/stage0/image/tar-fixture.ts';

/** An image manifest; `app` absent: of an image of files only. */
export function manifestOf(app?: object, more: object = {}): string {
  const whole = app && { exec: ['/bin/app'], user: '0', group: '0', ...app };
  return JSON.stringify({
    acKind: 'ImageManifest',
    acVersion: '0.8.11',
    name: 'example.com/app',
    ...(whole ? { app: whole } : {}),
    ...more,
  });
}

export const ROOT: FixtureEntry = { path: 'rootfs', type: '5', mode: 0o755 };

/** The archive of a manifest and of files below `rootfs/`, as tools write it. */
export function aciOf(manifest: string, ...files: readonly FixtureEntry[]): Buffer {
  return archive({ path: 'manifest', content: manifest }, ROOT, ...files.map(inRoot));
}

function inRoot(entry: FixtureEntry): FixtureEntry {
  const link = entry.type === '1' ? { linkPath: `rootfs/${entry.linkPath}` } : {};
  return { ...entry, ...link, path: `rootfs/${entry.path}` };
}
