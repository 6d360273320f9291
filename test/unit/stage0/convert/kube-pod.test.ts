import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CONTAINER, converted, kubePod, podOf, refused } from './convert-case.ts';

const APP = { name: 'a', image: 'docker://docker.io/library/busybox', stop: { grace: '30s' } };

/** The `spec` beside its only container, and what the manifest has beside its only app. */
const BECOMES: readonly (readonly [what: string, spec: object, pod: object])[] = [
  ['the network of the host', { hostNetwork: true }, { network: { mode: 'host' } }],
  ['its own network', { hostNetwork: false }, {}],
  ['a user namespace', { hostUsers: false }, { userns: 'auto' }],
  ['no user namespace', { hostUsers: true }, { userns: 'host' }],
  ['a hostname', { hostname: 'h' }, { hostname: 'h' }],
  ['processes of its own', { shareProcessNamespace: false }, { isolators: { 'os/linux/namespaces': { pid: 'app' } } }],
  [
    'sysctls',
    { securityContext: { sysctls: [{ name: 'net.core.somaxconn', value: '1024' }] } },
    { isolators: { 'os/linux/sysctl': { 'net.core.somaxconn': '1024' } } },
  ],
  ['limits of all', { resources: { limits: { cpu: 1 } } }, { isolators: { 'resource/cpu': { limit: 1 } } }],
  [
    'empty directories',
    {
      volumes: [
        { name: 'v', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
        { name: 'w', emptyDir: null },
      ],
    },
    {
      volumes: [
        { name: 'v', kind: 'empty', medium: 'memory', size: '1Mi' },
        { name: 'w', kind: 'empty' },
      ],
    },
  ],
  [
    'a directory of the host',
    { volumes: [{ name: 'v', hostPath: { path: '/srv', type: '' } }] },
    { volumes: [{ name: 'v', kind: 'host', source: '/srv' }] },
  ],
];

for (const [what, spec, pod] of BECOMES) {
  test(`of a pod: ${what}`, async () => {
    const { manifest, lost } = await converted(podOf({}, spec));
    assert.deepEqual(lost, []);
    assert.deepEqual(manifest, { apiVersion: 'pod/v1', kind: 'Pod', metadata: { name: 'web' }, apps: [APP], ...pod });
  });
}

const LOST: readonly (readonly [spec: object, field: string])[] = [
  [{ nodeSelector: { disk: 'ssd' } }, 'nodeSelector'],
  [{ tolerations: [{}] }, 'tolerations'],
  [{ serviceAccountName: 'x' }, 'serviceAccountName'],
  [{ dnsPolicy: 'None' }, 'dnsPolicy'],
  [{ hostPID: true }, 'hostPID'],
  [{ securityContext: { fsGroup: 5 } }, 'securityContext.fsGroup'],
  [{ volumes: [{ name: 'v', hostPath: { path: '/srv', type: 'DirectoryOrCreate' } }] }, 'volumes[0].hostPath.type'],
  [{ volumes: [{ name: 'v', secret: { secretName: 's' } }] }, 'volumes[0].secret'],
  [{ volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 's' } }] }, 'volumes[0].persistentVolumeClaim'],
  [
    {
      volumes: [
        { name: 'v', newest: {} },
        { name: 'w', hostPath: { path: '/w' } },
      ],
    },
    'volumes[0].newest',
  ],
  [{ volumes: [{ name: 'v', configMap: { name: 'c' } }] }, 'volumes[0].configMap.name'],
];

for (const [spec, field] of LOST) {
  test(`no counterpart: ${field}`, async () => {
    assert.deepEqual((await converted(podOf({}, spec))).lost, [`spec.${field}`]);
  });
}

test('a mount of a volume that has no counterpart goes with it', async () => {
  const volumes = [{ name: 'v', secret: { secretName: 's' } }];
  const { manifest, lost } = await converted(podOf({ volumeMounts: [{ name: 'v', mountPath: '/v' }] }, { volumes }));
  assert.deepEqual([manifest['volumes'], manifest.apps], [undefined, [APP]]);
  assert.deepEqual(lost, ['spec.volumes[0].secret', 'spec.containers[0].volumeMounts[0].name']);
});

for (const [policy, own, init] of [
  [undefined, 'always', 'on-failure'],
  ['Always', 'always', 'on-failure'],
  ['OnFailure', 'on-failure', 'on-failure'],
  ['Never', undefined, undefined],
] as const) {
  test(`the restart policy ${policy} is ${own}, and ${init} for what runs first`, async () => {
    const initContainers = [{ ...CONTAINER, name: 'i' }];
    const { manifest } = await converted(kubePod({ restartPolicy: policy, initContainers, containers: [CONTAINER] }));
    const policies = manifest.apps.map(({ restart }) => (restart as { policy: string } | undefined)?.policy);
    assert.deepEqual(policies, [init, own]);
  });
}

test('init containers run one after another, and all others after the last of them', async () => {
  const [i, j, a, b] = ['i', 'j', 'a', 'b'].map((name) => ({ ...CONTAINER, name }));
  const { manifest } = await converted(kubePod({ initContainers: [i, j], containers: [a, b] }));
  const completed = (app: string): object[] => [{ app, condition: 'completed' }];
  assert.deepEqual(
    manifest.apps.map(({ name, after }) => [name, after]),
    [
      ['i', undefined],
      ['j', completed('i')],
      ['a', completed('j')],
      ['b', completed('j')],
    ],
  );
});

test('containers have processes of their own unless the pod shares them', async () => {
  const containers = [CONTAINER, { ...CONTAINER, name: 'b' }];
  const apart = await converted(kubePod({ containers }));
  assert.deepEqual(apart.manifest['isolators'], { 'os/linux/namespaces': { pid: 'app' } });
  const together = await converted(kubePod({ containers, shareProcessNamespace: true }));
  assert.equal(together.manifest['isolators'], undefined);
});

test('the grace period is that of every app, and of its preStop hook', async () => {
  const lifecycle = { preStop: { exec: { command: ['x'] } } };
  const { manifest } = await converted(podOf({ lifecycle }, { terminationGracePeriodSeconds: 90 }));
  assert.deepEqual(manifest.apps[0]!['stop'], { grace: '90s' });
  assert.deepEqual(manifest.apps[0]!['hooks'], { preStop: ['x'], timeout: '90s' });
});

test('with the network of the host, a probe may name an address of it', async () => {
  const readinessProbe = { tcpSocket: { host: '127.0.0.1', port: 1 } };
  const { manifest, lost } = await converted(podOf({ readinessProbe }, { hostNetwork: true }));
  assert.deepEqual([manifest.apps[0]!['probes'], lost], [{ ready: { tcp: { host: '127.0.0.1', port: 1 } } }, []]);
});

test('names, labels and annotations', async () => {
  const metadata = {
    name: 'web',
    labels: { 'app.kubernetes.io/name': 'web' },
    annotations: { 'example.com/x': 'a b' },
    creationTimestamp: null,
    namespace: 'n',
    uid: 'u',
  };
  const { manifest, lost } = await converted(kubePod({ containers: [CONTAINER] }, metadata));
  const { labels, annotations } = metadata;
  assert.deepEqual(manifest['metadata'], { name: 'web', labels, annotations });
  assert.deepEqual(lost, ['metadata.namespace', 'metadata.uid']);
});

test('names that would be a prototype are names', async () => {
  const text = `{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": {"containers": [
    {"name": "a", "image": "busybox", "env": [{"name": "__proto__", "value": "x"}]}], "__proto__": 1}}`;
  const { manifest, lost } = await converted(text);
  assert.ok(Object.hasOwn(manifest.apps[0]!['env'] as object, '__proto__'));
  assert.deepEqual(lost, ['spec.__proto__']);
});

test('a pod without containers, or with a name that is too long, is refused at its place', async () => {
  assert.deepEqual(await refused(kubePod({})), ['the manifest manifest/schema']);
  assert.deepEqual(await refused(kubePod({ containers: [CONTAINER] }, { name: 'a.b' })), [
    'metadata.name manifest/schema',
  ]);
});
