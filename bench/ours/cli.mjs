// pod's command line, timed from a small shell as the peers are.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { quote, TimingShell } from '../shell.mjs';
import { TOP, Unavailable } from '../workspace.mjs';
import { writeManifest } from './manifest.mjs';

export class Cli {
  #workspace;
  #shell;
  #root;

  constructor(workspace) {
    if (!existsSync(join(TOP, 'dist/pod-start.cjs')))
      throw new Unavailable('the command line is not built (npm run build)');
    this.#workspace = workspace;
    this.#shell = new TimingShell(workspace, 'ours');
    this.#root = workspace.subdir('cli-root');
    workspace.defer(() => this.time('gc', '--grace 0s'));
  }

  /** Milliseconds of one command, `--root` added. */
  time(verb, args = '', root = this.#root) {
    const flag = verb.startsWith('--') ? '' : `--root ${quote(root)}`;
    return this.#shell.time(`${quote(process.execPath)} ${quote(join(TOP, 'bin/pod.cjs'))} ${verb} ${flag} ${args}`);
  }

  /** A function that runs the verb once. */
  repeat(verb) {
    return () => this.time(verb);
  }

  runner() {
    const manifest = writeManifest(this.#workspace, { name: 'cli-true' });
    return () => this.time('run', `--rm ${quote(manifest)}`);
  }

  async execer() {
    const manifest = writeManifest(this.#workspace, { name: 'cli-exec', exec: ['/bin/sleep', '3600'] });
    await this.time('run', `-d ${quote(manifest)}`);
    this.#workspace.defer(() => this.time('rm', '--force cli-exec'));
    return () => this.time('exec', 'cli-exec -- /bin/true');
  }
}
