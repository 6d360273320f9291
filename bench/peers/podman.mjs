// podman with its bridge, in namespaces of its own: its bridge, firewall rules and sysctls stay off the host's network.

import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { quote, TimingShell } from '../shell.mjs';
import { requireProgram, Unavailable } from '../workspace.mjs';
import { CGROUP_PREPARE } from './hugetlb.mjs';

const PREPARE = `${CGROUP_PREPARE}
mkdir -p /run/netns && mount -t tmpfs tmpfs /run/netns
ip link set lo up`;

const CONFIG = (dir) => `
[containers]
default_ulimits = ["nofile=10000:10000", "nproc=10000:10000"]
[network]
network_backend = "netavark"
network_config_dir = "${dir}/networks"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
`;

export class Podman {
  #workspace;
  #shell;
  #podman;

  constructor(workspace) {
    requireProgram('podman');
    requireProgram('iptables');
    if (!existsSync('/usr/lib/podman/netavark'))
      throw new Unavailable('netavark is not installed (apt-get install netavark)');
    this.#workspace = workspace;
    const dir = workspace.subdir('podman');
    writeFileSync(`${dir}/containers.conf`, CONFIG(dir));
    this.#podman = `podman --root ${quote(`${dir}/root`)} --runroot ${quote(`${dir}/run`)} --tmpdir ${quote(`${dir}/tmp`)} --log-level error`;
    this.#shell = new TimingShell(workspace, 'podman', {
      wrap: ['unshare', '--mount', '--net', '--'],
      prepare: PREPARE,
      env: { CONTAINERS_CONF: `${dir}/containers.conf` },
    });
    workspace.defer(() => this.#shell.time(`${this.#podman} rm --all --force --time 0`));
  }

  /** The image as an archive both podman and others can read; made once. */
  archive(name) {
    requireProgram('skopeo');
    const file = this.#workspace.path(`${name}.oci.tar`);
    if (!existsSync(file)) {
      const source = `oci:${this.#workspace.image(name)}:latest`;
      execFileSync('skopeo', ['copy', '--quiet', '--insecure-policy', source, `oci-archive:${file}:${name}`], {
        stdio: ['ignore', 'ignore', 'pipe'],
      });
    }
    return file;
  }

  /** Makes sure an image is in podman's store. */
  async load(name) {
    await this.#shell.time(
      `${this.#podman} image exists localhost/${name} || ${this.#podman} load --quiet --input ${quote(this.archive(name))}`,
    );
  }

  async runner() {
    await this.load('debian');
    const limits = '--memory 64m --cpus 0.5 --pids-limit 64 --security-opt no-new-privileges';
    return () => this.#shell.time(`${this.#podman} run --rm --network podman ${limits} localhost/debian /bin/true`);
  }

  async execer() {
    await this.load('debian');
    const id = (await this.#shell.read(`${this.#podman} run --detach --network podman localhost/debian sleep infinity`))
      .trim()
      .split('\n')
      .at(-1);
    return () => this.#shell.time(`${this.#podman} exec ${id} /bin/true`);
  }

  /** Loads an image into a store that does not hold it. */
  loader(name) {
    const file = this.archive(name);
    return async () => {
      await this.#shell.time(`${this.#podman} rmi --force localhost/${name} localhost/debian || true`);
      return this.#shell.time(`${this.#podman} load --quiet --input ${quote(file)}`);
    };
  }
}
