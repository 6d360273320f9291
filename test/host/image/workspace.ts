import { createHash } from 'node:crypto';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { resolveImage } from '../../../stages/stage0/image/resolve.ts';
import type { ResolvedImage } from '../../../stages/stage0/image/types.ts';

/** A directory of one test with a store in it (not under /tmp, which may be a tmpfs without user attributes), and a canary beside it that nothing may touch. */
export class Workspace implements Disposable {
  readonly dir: string = mkdtempSync('/var/tmp/pod-image-');
  readonly store: string = join(this.dir, 'store');
  readonly canary: string = join(this.dir, 'canary');

  constructor() {
    mkdirSync(join(this.canary, 'dir'), { recursive: true });
    writeFileSync(join(this.canary, 'file'), 'untouched\n', { mode: 0o640 });
    writeFileSync(join(this.canary, 'dir/inner'), 'untouched\n');
  }

  write(name: string, content: Buffer | string): string {
    const path = join(this.dir, name);
    writeFileSync(path, content);
    return path;
  }

  resolve(ref: string, more: object = {}): Promise<ResolvedImage> {
    return resolveImage(ref, { storeDir: this.store, baseDir: this.dir, ...more });
  }

  /** Unpacks an archive as a `tar:` image and returns its only layer. */
  async unpack(bytes: Buffer): Promise<string> {
    const image = await this.resolve(`tar:${this.write('archive.tar', bytes)}`);
    return image.mounts[0]!.layers[0]!;
  }

  /** What is left in the store of things that did not succeed. */
  leftovers(): string[] {
    return ['tmp', 'locks'].flatMap((name) => readdirSync(join(this.store, name)).map((entry) => `${name}/${entry}`));
  }

  [Symbol.dispose](): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** All that a change of a tree would change: types, owners, modes, sizes, times, link counts, contents. */
export function snapshot(dir: string): string {
  const lines: string[] = [];
  const visit = (path: string): void => {
    const stat = lstatSync(path);
    const content = stat.isFile() ? readFileSync(path, 'latin1') : stat.isSymbolicLink() ? readlinkSync(path) : '';
    lines.push(
      [
        path,
        stat.mode.toString(8),
        stat.uid,
        stat.gid,
        stat.nlink,
        stat.isDirectory() ? '' : stat.size,
        stat.mtimeMs,
        content,
      ].join(' '),
    );
    if (stat.isDirectory()) for (const name of readdirSync(path).toSorted()) visit(join(path, name));
  };
  visit(dir);
  return lines.join('\n');
}

export interface LayoutOptions {
  readonly layers: readonly Buffer[];
  readonly diffIds?: readonly string[];
  readonly config?: object;
  readonly history?: readonly object[];
  readonly architecture?: string;
  readonly layerType?: string;
  readonly manifest?: object;
}

export function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** An OCI layout directory; layers are stored as they are given. */
export function writeLayout(dir: string, options: LayoutOptions): void {
  const blobs = join(dir, 'blobs/sha256');
  mkdirSync(blobs, { recursive: true });
  const put = (bytes: Buffer, mediaType: string): object => {
    writeFileSync(join(blobs, digestOf(bytes).slice(7)), bytes);
    return { mediaType, digest: digestOf(bytes), size: bytes.length };
  };
  const json = (value: object, mediaType: string): object =>
    put(Buffer.from(JSON.stringify(value)), `application/vnd.oci.image.${mediaType}.v1+json`);
  const architecture = options.architecture ?? (process.arch === 'x64' ? 'amd64' : process.arch);
  const diffIds = options.diffIds ?? options.layers.map(digestOf);
  const config = json(
    {
      os: 'linux',
      architecture,
      config: options.config ?? {},
      rootfs: { type: 'layers', diff_ids: diffIds },
      ...(options.history && { history: options.history }),
    },
    'config',
  );
  const layers = options.layers.map((layer) =>
    put(layer, options.layerType ?? 'application/vnd.oci.image.layer.v1.tar'),
  );
  const manifest = json({ schemaVersion: 2, config, layers, ...options.manifest }, 'manifest');
  writeFileSync(join(dir, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(join(dir, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [manifest] }));
}
