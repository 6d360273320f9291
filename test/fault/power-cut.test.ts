import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { after, test } from 'node:test';
import { resolveImage } from '../../stages/stage0/image/resolve.ts';
import { archive } from '../unit/stage0/image/tar-fixture.ts';

const scratch = mkdtempSync('/var/tmp/pod-power-cut-');
after(() => rmSync(scratch, { recursive: true, force: true }));

/** A file system on an image file, mounted while `use` runs. */
async function mounted<T>(image: string, use: (dir: string) => T | Promise<T>): Promise<T> {
  const dir = `${image}.mount`;
  mkdirSync(dir);
  execFileSync('mount', ['-o', 'loop', image, dir]);
  try {
    return await use(dir);
  } finally {
    execFileSync('umount', [dir]);
  }
}

/** The file system as it would be found: what is on the disk once the names of layers are, in the middle of everything. */
function cutPower(dir: string, image: string): string {
  const fd = openSync(`${dir}/store/layers`, 'r');
  fsyncSync(fd);
  closeSync(fd);
  copyFileSync(image, `${image}.after`);
  return `${image}.after`;
}

test('a layer that is found in the store after a power cut is whole', async () => {
  const image = `${scratch}/disk`;
  writeFileSync(image, '');
  truncateSync(image, 256 * 1024 * 1024);
  execFileSync('mkfs.ext4', ['-q', image]);
  const content = Buffer.alloc(1024 * 1024, 'content ');
  const names = Array.from({ length: 20 }, (_, index) => `file-${index}`);
  writeFileSync(`${scratch}/root.tar`, archive(...names.map((path) => ({ path, content }))));
  const found = await mounted(image, async (dir) => {
    const options = { storeDir: `${dir}/store`, baseDir: scratch };
    const { mounts } = await resolveImage('tar:root.tar', options);
    const host = await resolveImage('host', options);
    const layers = [mounts[0]!.layers[0]!, host.mounts[0]!.layers[0]!].map((layer) => layer.slice(dir.length));
    return { image: cutPower(dir, image), layers };
  });
  await mounted(found.image, (dir) => {
    const [layer, host] = found.layers.map((path) => `${dir}${path}`);
    for (const name of names) assert.ok(readFileSync(`${layer}/${name}`).equals(content), name);
    assert.match(readFileSync(`${host}/etc/passwd`, 'utf8'), /^root:/);
  });
});
