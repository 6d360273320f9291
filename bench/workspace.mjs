// Where a bench run keeps its things: state roots, root file systems, archives. Gone when it ends.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const TOP = join(dirname(fileURLToPath(import.meta.url)), '..');
const IMAGES = join(TOP, 'manifests/images');

/** A thing to measure that is not on this machine. Its message names what is missing. */
export class Unavailable extends Error {}

export function requireProgram(program, packageName = program) {
  try {
    return execFileSync('sh', ['-c', 'command -v "$0"', program], { encoding: 'utf8' }).trim();
  } catch {
    throw new Unavailable(`${program} is not installed (apt-get install ${packageName})`);
  }
}

export class Workspace {
  #closers = [];

  constructor() {
    // On a disk: image stores want a file system that can be idmapped.
    this.dir = mkdtempSync('/var/tmp/pod-bench-');
    this.defer(() => rmSync(this.dir, { recursive: true, force: true }));
  }

  /** Called at the end, last in first out. */
  defer(close) {
    this.#closers.push(close);
  }

  path(name) {
    return join(this.dir, name);
  }

  subdir(name) {
    const dir = this.path(name);
    mkdirSync(dir, { recursive: true });
    return dir;
  }

  /** The OCI layout of an example image. */
  image(name) {
    const dir = join(IMAGES, name);
    if (!existsSync(join(dir, 'index.json')))
      throw new Unavailable(`image ${name} is not built (node manifests/images/build.mjs)`);
    return dir;
  }

  /** The image's root file system, unpacked once. */
  rootfs(name) {
    requireProgram('umoci');
    const bundle = this.path(`bundle-${name}`);
    if (!existsSync(bundle)) {
      execFileSync('umoci', ['unpack', '--image', `${this.image(name)}:latest`, bundle], {
        stdio: ['ignore', 'ignore', 'pipe'],
      });
    }
    return join(bundle, 'rootfs');
  }

  /** Everything is tried; what failed is thrown together at the end. */
  async close() {
    const failures = [];
    for (const close of this.#closers.splice(0).toReversed()) {
      try {
        await close();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, `cleaning up: ${failures.map(String).join('; ')}`);
  }
}
