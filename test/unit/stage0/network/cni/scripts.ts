import { mkdtempSync, openSync, closeSync, readFileSync, rmSync, writeFileSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import type { NetworkConfig, PluginConfig } from '../../../../../stages/stage0/network/cni/config.ts';
import type { CniState } from '../../../../../stages/stage0/network/cni/state.ts';

/** A directory of plugins that are shell scripts, which is removed after the tests of the file. */
export class Scripts {
  readonly dir: string = mkdtempSync(join(tmpdir(), 'pod-cni-'));
  readonly lockFd: number = openSync(join(this.dir, 'lock'), 'a');

  constructor() {
    after(() => {
      closeSync(this.lockFd);
      rmSync(this.dir, { recursive: true });
    });
  }

  /** `log` in the script appends a line to the log. */
  add(name: string, script: string): void {
    const head = `#!/bin/sh\nlog() { echo "$1" >> ${this.dir}/log; }\n`;
    writeFileSync(join(this.dir, name), head + script, { mode: 0o755 });
  }

  /** What was logged since the last call. */
  log(): string[] {
    const path = join(this.dir, 'log');
    const lines = existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n') : [];
    rmSync(path, { force: true });
    return lines;
  }

  state(plugins: readonly PluginConfig[], more: Partial<CniState> = {}, cniVersion = '1.0.0'): CniState {
    const network: NetworkConfig = { name: 'lan', cniVersion, plugins, file: '/etc/cni/net.d/10-lan.conflist' };
    const pluginDirs = [this.dir];
    return { network, pluginDirs, container: 'c1', podName: 'web', netns: '/run/netns/pod-c1', ports: [], ...more };
  }
}
