import { nameImage, imageId } from '../../../../stages/stage0/metadata/project-image.ts';
import type { ServedApp } from '../../../../stages/stage0/metadata/project-pod.ts';
import type { PodSpec } from '../../../../stages/stage0/manifest/spec.ts';
import { specOf } from '../manifest/parse-case.ts';

export const EVERYTHING = `apiVersion: pod/v1
kind: Pod
metadata: {name: web, annotations: {ip-address: 10.1.2.3, "example.com/x": y}}
metadataService: true
volumes:
  - {name: data, kind: empty}
  - {name: site, kind: host, source: /srv/site, readOnly: true}
  - {name: conf, kind: inline, files: {a: b}}
isolators: {resource/memory: {limit: 1Gi}, resource/pids: {limit: 50}, os/linux/sysctl: {net.core.somaxconn: 512}}
apps:
  - name: front
    image: oci:./images/nginx
    exec: [/usr/sbin/nginx]
    user: www-data
    readOnlyRootFS: true
    annotations: {tier: front, maker: us}
    mounts:
      - {volume: data, path: /data}
      - {volume: data, path: /more, readOnly: true}
      - {volume: site, path: /site}
      - {volume: conf, path: /conf}
    ports: [{name: http, port: 80, hostPort: 8080}]
    isolators:
      resource/cpu: {request: 0.25, limit: 500m}
      resource/memory: {limit: 134217728}
      resource/pids: {limit: 10}
      os/linux/capabilities-retain-set: {set: [CAP_CHOWN]}
      os/linux/no-new-privileges: true
      os/linux/oom-score-adj: 100
      os/linux/umask: "0027"
  - name: side
    image: host
    exec: [/bin/true]
    ports: [{name: http, port: 81, hostPort: 8081}]
    isolators: {os/linux/capabilities-retain-set: {set: []}}
`;

/** The apps of a manifest, as if their images were there. */
export function servedApps(spec: PodSpec, labels?: Readonly<Record<string, string>>): ServedApp[] {
  return spec.apps.map((app) => ({
    spec: app,
    process: {
      argv: app.exec!.value,
      env: { PATH: '/bin', 'not-appc': '1', TZ: 'UTC' },
      uid: 33,
      gid: 34,
      supplementaryGids: [4],
      workingDirectory: '/srv',
    },
    image: {
      ...nameImage(app.image.value, 'x86_64'),
      id: imageId(`sha256:${'a'.repeat(64)}`),
      config: {
        entrypoint: ['/init'],
        command: ['-x'],
        env: {},
        user: 'web',
        volumes: [],
        ...(labels ? { labels } : {}),
      },
    },
  }));
}

export function everything(): { readonly spec: PodSpec; readonly apps: ServedApp[] } {
  const spec = specOf(EVERYTHING);
  return { spec, apps: servedApps(spec, { maker: 'them', 'org.example.v': '1' }) };
}
