import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The limits of the peers, and everything that is on by default: bridge, filter, user namespace. */
const ISOLATORS = {
  'resource/cpu': { limit: '500m' },
  'resource/memory': { limit: '64Mi' },
  'resource/pids': { limit: 64 },
};

/** A pod of `count` equal apps on the peers' root file system. `program` of the host is /program in them. */
export function newManifest(workspace, options = {}) {
  const { name = 'bench', exec = ['/bin/true'], count = 1, isolators = ISOLATORS, program } = options;
  const apps = Array.from({ length: count }, (_, i) => ({
    name: `app${i}`,
    image: `oci:${workspace.image('debian')}`,
    exec,
    isolators,
    ...(program ? { mounts: [{ volume: 'program', path: '/program' }] } : {}),
  }));
  const volumes = program ? [{ name: 'program', kind: 'host', source: program, readOnly: true }] : [];
  return { apiVersion: 'pod/v1', kind: 'Pod', metadata: { name }, network: { mode: 'bridge' }, volumes, apps };
}

/** The same as a file, in a folder of the workspace where one is named: JSON is YAML. */
export function writeManifest(workspace, options = {}) {
  const file = workspace.path(join(options.folder ?? '', `${options.name ?? 'bench'}.pod.yaml`));
  writeFileSync(file, `${JSON.stringify(newManifest(workspace, options), null, 2)}\n`);
  return file;
}
