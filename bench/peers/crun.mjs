// crun on the same root file system with the same limits. It has a loopback interface only (no bridge) and no user
// namespace: both are work we do and it does not.

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { quote, TimingShell } from '../shell.mjs';
import { requireProgram } from '../workspace.mjs';
import { CGROUP_PREPARE } from './hugetlb.mjs';
import { convertProfile } from './seccomp-profile.mjs';

/** podman's default set. */
const CAPABILITIES = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_NET_BIND_SERVICE',
  'CAP_SETFCAP',
  'CAP_SETGID',
  'CAP_SETPCAP',
  'CAP_SETUID',
  'CAP_SYS_CHROOT',
];

export class Crun {
  #workspace;
  #shell;

  constructor(workspace) {
    requireProgram('crun');
    this.#workspace = workspace;
    this.#shell = new TimingShell(workspace, 'crun', { wrap: ['unshare', '--mount', '--'], prepare: CGROUP_PREPARE });
  }

  /** A function that runs /bin/true once, from create to delete, and returns milliseconds. */
  runner({ filter }) {
    const name = filter ? 'crun-filter' : 'crun-plain';
    const bundle = this.#makeBundle(name, filter);
    let count = 0;
    return () => {
      const id = `pod-bench-${process.pid}-${name}-${count++}`;
      const state = quote(this.#workspace.subdir('crun-state'));
      return this.#shell.time(`crun --root ${state} --cgroup-manager=cgroupfs run --bundle ${quote(bundle)} ${id}`);
    };
  }

  #makeBundle(name, filter) {
    const bundle = this.#workspace.subdir(name);
    execFileSync('crun', ['spec'], { cwd: bundle });
    const file = join(bundle, 'config.json');
    const config = JSON.parse(readFileSync(file, 'utf8'));
    writeFileSync(file, JSON.stringify(this.#configure(config, filter)));
    return bundle;
  }

  #configure(config, filter) {
    const sets = { bounding: CAPABILITIES, effective: CAPABILITIES, permitted: CAPABILITIES };
    const process = {
      ...config.process,
      args: ['/bin/true'],
      terminal: false,
      noNewPrivileges: true,
      capabilities: sets,
    };
    // Raising a limit above its hard value fails without CAP_SYS_RESOURCE.
    delete process.rlimits;
    const resources = { memory: { limit: 64 << 20 }, cpu: { quota: 50_000, period: 100_000 }, pids: { limit: 64 } };
    const linux = { ...config.linux, resources: { ...config.linux.resources, ...resources } };
    if (filter) linux.seccomp = convertProfile(CAPABILITIES);
    return { ...config, process, root: { path: this.#workspace.rootfs('debian'), readonly: false }, linux };
  }
}
