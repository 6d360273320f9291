import assert from 'node:assert/strict';
import { test } from 'node:test';
import { APP, containerWith, generate, kubeOf, podText, probed, specWith } from './kube-case.ts';

const CONTAINERS = { containers: [containerWith({})] };

const PODS: readonly (readonly [what: string, pod: object, spec: Record<string, unknown>])[] = [
  ['the network of the host', { network: { mode: 'host' } }, { hostNetwork: true }],
  ['a bridge', { network: { mode: 'bridge' } }, {}],
  ['its own users', { userns: 'auto' }, { hostUsers: false }],
  ['the users of the host', { userns: 'host' }, { hostUsers: true }],
  ['a hostname', { hostname: 'h' }, { hostname: 'h' }],
  [
    'sysctls',
    { isolators: { 'os/linux/sysctl': { 'net.core.somaxconn': 5 } } },
    { securityContext: { sysctls: [{ name: 'net.core.somaxconn', value: '5' }] } },
  ],
  ['processes apart', { isolators: { 'os/linux/namespaces': { pid: 'app' } } }, { shareProcessNamespace: false }],
  [
    'volumes',
    {
      volumes: [
        { name: 'e', kind: 'empty', size: '1Gi' },
        { name: 'm', kind: 'empty', medium: 'memory' },
        { name: 'h', kind: 'host', source: '../x' },
      ],
    },
    {
      volumes: [
        { name: 'e', emptyDir: { sizeLimit: '1Gi' } },
        { name: 'm', emptyDir: { medium: 'Memory' } },
        { name: 'h', hostPath: { path: '/x' } },
      ],
    },
  ],
];

for (const [what, pod, spec] of PODS) {
  test(`a pod with ${what}`, async () => {
    const found = await kubeOf(podText(pod));
    assert.deepEqual(found.lost, []);
    assert.deepEqual(found.pod.spec, specWith({ ...CONTAINERS, ...spec }));
  });
}

const LOST_OF_POD: readonly (readonly [pod: object, field: string])[] = [
  [{ network: { mode: 'none' } }, 'network.mode'],
  [{ network: { mode: 'pod:x' } }, 'network.mode'],
  [{ userns: { size: 10 } }, 'userns'],
  [{ hostname: 'a.b' }, 'hostname'],
  [{ metadataService: true }, 'metadataService'],
  [{ isolators: { 'resource/memory': { limit: '1Gi' } } }, 'isolators["resource/memory"]'],
  [{ isolators: { 'os/linux/namespaces': { ipc: 'pod:x' } } }, 'isolators["os/linux/namespaces"].ipc'],
  [{ metadata: { name: 'web', labels: { a: 'x'.repeat(64) } } }, 'metadata.labels.a'],
  [{ metadata: { name: 'web', labels: { 'a/b/c': 'x' } } }, 'metadata.labels["a/b/c"]'],
  [{ metadata: { name: 'web', annotations: { 'a b': 'x' } } }, 'metadata.annotations["a b"]'],
  [{ metadata: { name: 'web', annotations: { 'pod/prune': 'disabled' } } }, 'metadata.annotations["pod/prune"]'],
];

for (const [pod, field] of LOST_OF_POD) {
  test(`Kubernetes cannot say ${field} of ${JSON.stringify(pod).slice(0, 60)}`, async () => {
    assert.deepEqual((await kubeOf(podText(pod))).lost, [field]);
  });
}

test('files of a volume become a ConfigMap before the pod, with keys for paths', async () => {
  const files = { 'd/e': '1', d_e: '2', f: '3' };
  const { configMaps, pod } = await kubeOf(podText({ volumes: [{ name: 'v', kind: 'inline', files }] }));
  assert.deepEqual(configMaps, [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'web-v' }, data: { d_e_2: '1', d_e: '2', f: '3' } },
  ]);
  const items = [
    { key: 'd_e_2', path: 'd/e' },
    { key: 'd_e', path: 'd_e' },
    { key: 'f', path: 'f' },
  ];
  assert.deepEqual(pod.spec['volumes'], [{ name: 'v', configMap: { name: 'web-v', items } }]);
});

test('a read-only directory of the host is read-only for every mount', async () => {
  const app = { ...APP, mounts: [{ volume: 'v', path: '/v', readOnly: false, subPath: 's' }] };
  const volumes = [{ name: 'v', kind: 'host', source: '/x', readOnly: true }];
  const { pod } = await kubeOf(podText({ volumes, apps: [app] }));
  const [container] = pod.spec['containers'] as Record<string, unknown>[];
  assert.deepEqual(container!['volumeMounts'], [{ name: 'v', mountPath: '/v', subPath: 's', readOnly: true }]);
});

function named(name: string, fields: object = {}): object {
  return { ...APP, name, ...fields };
}

function after(app: string, condition = 'completed'): object {
  return { after: [{ app, condition }] };
}

/** Apps, those that become init containers, and the orders that are lost. */
const ORDERS: readonly (readonly [
  what: string,
  apps: readonly object[],
  inits: readonly string[],
  lost: readonly string[],
])[] = [
  ['none', [named('a'), named('b')], [], []],
  ['one before all', [named('a', after('i')), named('i')], ['i'], []],
  ['a chain', [named('a', after('j')), named('j', after('i')), named('i'), named('b', after('j'))], ['i', 'j'], []],
  ['one that does not wait', [named('a', after('i')), named('i'), named('b')], [], ['apps[0].after[0]']],
  [
    'two at a time',
    [
      named('a', {
        after: [
          { app: 'i', condition: 'completed' },
          { app: 'j', condition: 'completed' },
        ],
      }),
      named('i'),
      named('j'),
    ],
    [],
    ['apps[0].after[0]', 'apps[0].after[1]'],
  ],
  ['one that is ready', [named('a', after('b', 'ready')), named('b')], [], ['apps[0].after[0]']],
  [
    'one that is ready, besides',
    [named('i'), named('b', after('i')), named('a', { after: [{ app: 'i', condition: 'completed' }, { app: 'b' }] })],
    ['i'],
    ['apps[2].after[1]'],
  ],
];

for (const [what, apps, inits, lost] of ORDERS) {
  test(`order: ${what}`, async () => {
    const found = await kubeOf(podText({ apps }));
    assert.deepEqual(found.lost, lost);
    const early = (found.pod.spec['initContainers'] ?? []) as { name: string }[];
    assert.deepEqual(
      early.map(({ name }) => name),
      inits,
    );
  });
}

test('what apps have of their own is reported where the pod can only have one', async () => {
  const apps = [
    named('a', { restart: { policy: 'always' }, stop: { grace: '20s' }, supplementaryGids: [1] }),
    named('b', { stop: { grace: '5s' } }),
  ];
  const { pod, lost } = await kubeOf(podText({ apps }));
  assert.deepEqual(
    [pod.spec['restartPolicy'], pod.spec['terminationGracePeriodSeconds'], pod.spec['shareProcessNamespace']],
    ['Always', 20, true],
  );
  assert.deepEqual(lost, ['apps[1].name', 'apps[1].name', 'apps[1].stop.grace']);
});

test('a container that runs before the others has neither probes nor hooks', async () => {
  const apps = [named('i', { ...probed({ tcp: { port: 1 } }), hooks: { preStop: ['x'] } }), named('a', after('i'))];
  assert.deepEqual((await kubeOf(podText({ apps }))).lost, ['apps[0].probes.ready', 'apps[0].hooks.preStop']);
});

test('an image that no registry has is an error, unless another is given', async () => {
  const text = podText({ apps: [{ ...APP, image: 'oci:./x' }] });
  const { errors } = await generate(text);
  assert.deepEqual(
    errors.map(({ code }) => code),
    ['convert/no-counterpart'],
  );
  const { pod } = await kubeOf(text, { a: 'docker://r.io/x:1' });
  assert.equal((pod.spec['containers'] as { image: string }[])[0]!.image, 'r.io/x:1');
});

test('an image for an app that is not there is an error', async () => {
  await assert.rejects(generate(podText({}), { b: 'docker://r.io/x' }), { code: 'cli/usage' });
});

test('a manifest with errors has those errors', async () => {
  const { objects, errors } = await generate(podText({ apps: [{ name: 'a', image: 'x', isolators: { nope: 1 } }] }));
  assert.deepEqual([objects, errors.length > 1], [[], true]);
});
