import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { MANIFESTS } from '../../harness/paths.ts';
import { pod, podOk } from '../../harness/pod-cli.ts';
import { LayoutRegistry } from '../../harness/registry.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { Folder } from './kept-runs.ts';

const REDIS = join(MANIFESTS, 'images/redis');

const folder = new Folder();
const root = useTempRoot();
let registry: LayoutRegistry;

before(async () => {
  registry = await LayoutRegistry.start(REDIS);
});
after(() => registry[Symbol.asyncDispose]());

function kubernetes(image: string): string {
  return `apiVersion: v1
kind: ConfigMap
metadata: {name: conf}
data: {redis.conf: "bind 127.0.0.1\\nsave \\"\\"\\ndir /data\\n"}
---
apiVersion: v1
kind: Pod
metadata: {name: store, labels: {app: store}}
spec:
  restartPolicy: Never
  terminationGracePeriodSeconds: 5
  securityContext: {runAsUser: 1234, runAsGroup: 1235, supplementalGroups: [77]}
  initContainers:
    - name: prepare
      image: ${image}
      workingDir: /
      command: [/bin/sh, -ec, "echo '$(WORD) $$(WORD)' > /data/word"]
      env: [{name: WORD, value: made}]
      volumeMounts: [{name: data, mountPath: /data}]
  containers:
    - name: server
      image: ${image}
      workingDir: /
      command: [/usr/bin/redis-server]
      args: [/etc/redis-test/redis.conf, --port, "$(PORT)"]
      env: [{name: PORT, value: "7000"}]
      ports: [{containerPort: 7000}]
      volumeMounts:
        - {name: data, mountPath: /data}
        - {name: conf, mountPath: /etc/redis-test, readOnly: true}
      readinessProbe: {exec: {command: [/usr/bin/redis-cli, -p, $(PORT), ping]}, periodSeconds: 1}
      resources: {limits: {memory: 128Mi, cpu: 500m}}
      securityContext:
        readOnlyRootFilesystem: true
        allowPrivilegeEscalation: false
        capabilities: {drop: [ALL], add: [NET_BIND_SERVICE]}
  volumes:
    - {name: data, emptyDir: {medium: Memory, sizeLimit: 16Mi}}
    - {name: conf, configMap: {name: conf}}
`;
}

test('a pod of Kubernetes runs: its order, user, files, privileges and probe', async () => {
  const kube = folder.write('kube.yaml', kubernetes(registry.ref.slice('docker://'.length)));
  const manifest = folder.write('store.pod.yaml', await podOk(['convert', kube]));
  assert.match(await podOk(['validate', manifest]), /ok\n?$/);
  await podOk(['run', '-d', manifest], { root });
  await podOk(['wait', 'store', '--for', 'ready', '--timeout', '30s'], { root });
  const script = 'cat /data/word; id -u; id -g; id -G; grep CapEff /proc/self/status; touch /x || echo refused';
  const seen = await podOk(['exec', '-a', 'server', 'store', '--', '/bin/sh', '-c', script], { root });
  // NET_BIND_SERVICE is 10.
  assert.deepEqual(seen.trim().split(/\s*\n/), [
    'made $(WORD)',
    '1234',
    '1235',
    '1235 77',
    'CapEff:\t0000000000000400',
    'refused',
  ]);
  const stats = await podOk(['status', 'store', '-o', 'json'], { root });
  assert.match(stats, /134217728/);
  await podOk(['stop', 'store'], { root });
});

test('what a pod runs is one of Kubernetes again', async () => {
  const found = await podOk(['generate', 'kube', 'store', '-o', 'name'], { root });
  assert.deepEqual(found.trim().split('\n'), ['configmap/store-conf', 'pod/store']);
});

test('a pod of rkt runs, with the image that it is given', async () => {
  const work = folder.path('work');
  mkdirSync(work);
  const app = {
    exec: [
      '/bin/sh',
      '-ec',
      'echo "$GREETING $(cat /mnt/work/said)"; redis-server --version; id -u; touch /mnt/work/x',
    ],
    user: '0',
    group: '0',
    environment: [{ name: 'GREETING', value: 'hello' }],
    workingDirectory: '/',
    mountPoints: [{ name: 'work', path: '/mnt/work' }],
    eventHandlers: [{ name: 'pre-start', exec: ['/bin/sh', '-c', 'echo from the hook > /mnt/work/said'] }],
    isolators: [
      { name: 'resource/memory', value: { limit: '64Mi' } },
      { name: 'os/linux/capabilities-retain-set', value: { set: ['CAP_DAC_OVERRIDE'] } },
    ],
  };
  const rkt = folder.write(
    'pod.json',
    JSON.stringify({
      acVersion: '0.8.11',
      acKind: 'PodManifest',
      apps: [
        {
          name: 'reduce-worker',
          image: { name: 'example.com/reduce-worker', id: 'sha512-0' },
          app,
          mounts: [{ volume: 'work', path: '/mnt/work' }],
        },
      ],
      volumes: [{ name: 'work', kind: 'host', source: work }],
    }),
  );
  const refused = await pod(['convert', rkt]);
  assert.equal(refused.exitCode, 1);
  assert.match(refused.stderr, /pod\.json:1:\d+: error: .*\n(.*\n)*.*--image reduce-worker=docker:\/\/example\.com/);
  const manifest = folder.write('rkt.pod.yaml', await podOk(['convert', rkt, '--image', `reduce-worker=oci:${REDIS}`]));
  const { stdout, stderr, exitCode } = await pod(['run', manifest], { root });
  assert.equal(exitCode, 0, stderr);
  assert.match(stdout, /hello from the hook\n(.*\n)*.*Redis server v=.*\n(.*\n)*.*\b0$/m);
});

test('what would be lost is an error, and with --lossy a warning', async () => {
  const lossy = folder.write('lossy.yaml', kubernetes('busybox').replace('spec:\n', 'spec:\n  nodeName: a\n'));
  const refused = await pod(['convert', lossy]);
  assert.deepEqual([refused.exitCode, refused.stdout], [1, '']);
  assert.match(refused.stderr, /lossy\.yaml:10:3: error: spec\.nodeName: "a" has no counterpart/);
  const taken = await pod(['convert', '--lossy', lossy]);
  assert.equal(taken.exitCode, 0);
  assert.match(taken.stderr, /lossy\.yaml:10:3: warning: spec\.nodeName/);
  assert.equal((await pod(['convert', '--lossy', '-q', lossy])).stderr, '');
});
