import { archive, type FixtureEntry } from '../../unit/stage0/image/tar-fixture.ts';
import { writeLayout } from '../image/workspace.ts';

const directory = (path: string, more: Partial<FixtureEntry> = {}): FixtureEntry => ({
  path,
  type: '5',
  mode: 0o755,
  ...more,
});
const link = (path: string): FixtureEntry => ({ path, type: '2', linkPath: `usr/${path}` });

/**
 * An image with files of several users, some closed to others, a device, a name and a directory that its second layer hides. Its
 * programs are the host's, from a volume on /usr.
 */
export function writeImage(dir: string): void {
  const lower = archive(
    ...['bin', 'lib', 'lib64'].map(link),
    directory('etc'),
    { path: 'etc/passwd', content: 'root:x:0:0::/:/bin/sh\nwww:x:33:34::/:/bin/sh\n' },
    { path: 'etc/group', content: 'root:x:0:\nwww:x:34:\n' },
    directory('data', { mode: 0o700, uid: 33, gid: 34 }),
    { path: 'data/secret', mode: 0o600, uid: 33, gid: 34, content: 'of www\n' },
    directory('old'),
    { path: 'old/hidden', content: 'x' },
    { path: 'gone', content: 'x' },
    directory('dev'),
    { path: 'dev/null', type: '3', device: [1, 3], mode: 0o666 },
  );
  const upper = archive(
    directory('old'),
    { path: 'old/.wh..wh..opq' },
    { path: 'old/shown', content: 'x' },
    { path: '.wh.gone' },
  );
  writeLayout(dir, { layers: [lower, upper] });
}

/** One app on that image; says who it is and what it sees, and leaves files of its own. */
export function imageManifest(dir: string, user: string): string {
  const script = [
    'id -u',
    'id -g',
    'stat -c %u:%g /data/secret',
    'cat /data/secret',
    'ls /old',
    'test -e /gone || echo "no /gone"',
    'mkdir /data/made && touch /data/made/file && chmod 0 /data/made',
    'stat -c %u:%g /data/made',
  ];
  return JSON.stringify({
    apiVersion: 'pod/v1',
    kind: 'Pod',
    metadata: { name: 'owners' },
    network: { mode: 'none' },
    volumes: [{ name: 'usr', kind: 'host', source: '/usr', readOnly: true }],
    apps: [
      {
        name: 'a',
        image: `oci:${dir}`,
        user,
        exec: ['/bin/sh', '-ec', script.join('\n')],
        mounts: [{ volume: 'usr', path: '/usr' }],
      },
    ],
  });
}
