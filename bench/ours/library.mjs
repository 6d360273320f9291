// pod's library, in this process.

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { quote, TimingShell } from '../shell.mjs';
import { TOP, Unavailable } from '../workspace.mjs';
import { newManifest } from './manifest.mjs';

const LIBRARY = join(TOP, 'dist/index.mjs');

/** A function that starts Node, imports the library, and returns milliseconds. */
export function importOfLibrary(workspace) {
  const shell = new TimingShell(workspace, 'import');
  return () =>
    shell.time(`${quote(process.execPath)} --input-type=module -e ${quote(`import ${JSON.stringify(LIBRARY)}`)}`);
}

export class Library {
  #workspace;
  #api;

  static async open(workspace) {
    if (!existsSync(LIBRARY)) throw new Unavailable('the library is not built (npm run build)');
    const api = await import(LIBRARY);
    if (typeof api.run !== 'function') throw new Unavailable('the library has no run() yet');
    return new Library(workspace, api);
  }

  constructor(workspace, api) {
    this.#workspace = workspace;
    this.#api = api;
    this.root = workspace.subdir('library-root');
    // Bridge and tables of a state directory stay for its next pod, until gc finds that there is none.
    workspace.defer(() =>
      execFileSync(process.execPath, [join(TOP, 'bin/pod.cjs'), 'gc', '--root', this.root, '--grace', '0s']),
    );
  }

  start(options) {
    return this.#api.run(newManifest(this.#workspace, options), { root: this.root });
  }

  /** The image is in the store and the bridge there: what the first pod of a state directory does is measured elsewhere. */
  async warmUp() {
    const pod = await this.start({ name: 'first', exec: ['/bin/sleep', '3600'] });
    await pod.remove();
  }

  /** From the call to the pod's exit; what is kept of a pod after its exit is removed outside of the time. */
  runner() {
    return async () => {
      const startMs = performance.now();
      // The same manifest each time, as the peers start the same bundle.
      const pod = await this.start({ name: 'true' });
      const code = await pod.exit;
      const ms = performance.now() - startMs;
      await pod.remove();
      if (code !== 0) throw new Error(`/bin/true ended with ${code}`);
      return ms;
    };
  }

  /** From the call to all apps running. */
  starter(count) {
    let started = 0;
    return async () => {
      const startMs = performance.now();
      const pod = await this.start({ name: `apps-${count}-${started++}`, count, exec: ['/bin/sleep', '3600'] });
      const ms = performance.now() - startMs;
      await pod.remove();
      return ms;
    };
  }

  async execer() {
    const pod = await this.start({ name: 'exec', exec: ['/bin/sleep', '3600'] });
    this.#workspace.defer(() => pod.remove());
    return async () => {
      const startMs = performance.now();
      const { exitCode } = await pod.exec(['/bin/true']);
      const ms = performance.now() - startMs;
      if (exitCode !== 0) throw new Error(`exec of /bin/true ended with ${exitCode}`);
      return ms;
    };
  }
}
