import assert from 'node:assert/strict';
import { test } from 'node:test';
import { APP, containerWith, kubeOf, podText, probed, specWith } from './kube-case.ts';

/** Fields of an app, and those of its container. */
const APPS: readonly (readonly [what: string, app: object, container: Record<string, unknown>])[] = [
  ['nothing', {}, {}],
  ['a command', { exec: ['sh', '-c', 'echo $A $(B) $$'] }, { command: ['sh', '-c', 'echo $A $$(B) $$$$'] }],
  [
    'variables',
    { env: { A: '1', B: '$(A)' } },
    {
      env: [
        { name: 'A', value: '1' },
        { name: 'B', value: '$$(A)' },
      ],
    },
  ],
  ['a directory', { workingDirectory: '/srv' }, { workingDir: '/srv' }],
  ['a terminal', { tty: true }, { tty: true }],
  ['users', { user: 5, group: '6' }, { securityContext: { runAsUser: 5, runAsGroup: 6 } }],
  ['read-only root', { readOnlyRootFS: true }, { securityContext: { readOnlyRootFilesystem: true } }],
  [
    'ports',
    {
      ports: [
        { name: 'http', port: 80, hostPort: 8080, hostIP: '127.0.0.1' },
        { name: 'dns', port: 53, protocol: 'udp' },
      ],
    },
    {
      ports: [
        { name: 'http', containerPort: 80, hostPort: 8080, hostIP: '127.0.0.1' },
        { name: 'dns', containerPort: 53, protocol: 'UDP' },
      ],
    },
  ],
  [
    'a probe of a named port',
    {
      ...probed({ http: { port: 'http', path: '/x', headers: { A: 'b' } }, period: '2s' }),
      ports: [{ name: 'http', port: 80 }],
    },
    {
      ports: [{ name: 'http', containerPort: 80 }],
      readinessProbe: {
        httpGet: { port: 'http', path: '/x', httpHeaders: [{ name: 'A', value: 'b' }] },
        periodSeconds: 2,
      },
    },
  ],
  [
    'a probe by grpc has the number of the port',
    { ...probed({ grpc: { port: 'rpc', service: 's' } }), ports: [{ name: 'rpc', port: 1 }] },
    { ports: [{ name: 'rpc', containerPort: 1 }], readinessProbe: { grpc: { port: 1, service: 's' } } },
  ],
  [
    'numbers of probes',
    {
      probes: {
        start: { exec: ['x', '$(A)'], initialDelay: '1m', timeout: '3s', failures: 4 },
        ready: { tcp: { port: 1 }, successes: 2 },
        live: { tcp: { port: 1 } },
      },
    },
    {
      startupProbe: {
        exec: { command: ['x', '$$(A)'] },
        initialDelaySeconds: 60,
        timeoutSeconds: 3,
        failureThreshold: 4,
      },
      readinessProbe: { tcpSocket: { port: 1 }, successThreshold: 2 },
      livenessProbe: { tcpSocket: { port: 1 } },
    },
  ],
  [
    'hooks',
    { hooks: { postStart: ['a'], preStop: ['$(b)'] } },
    { lifecycle: { postStart: { exec: { command: ['a'] } }, preStop: { exec: { command: ['$(b)'] } } } },
  ],
  [
    'limits, also in the list of appc',
    {
      isolators: [
        { name: 'resource/cpu', value: { request: '250m', limit: 1 } },
        { name: 'resource/memory', value: { limit: '64Mi' } },
        { name: 'resource/hugetlb', value: { '2Mi': '4Mi' } },
        { name: 'resource/ephemeral-storage', value: { limit: '1Gi' } },
      ],
    },
    {
      resources: {
        requests: { cpu: '250m' },
        limits: { cpu: 1, memory: '64Mi', 'hugepages-2Mi': '4Mi', 'ephemeral-storage': '1Gi' },
      },
    },
  ],
  [
    'no capabilities',
    { isolators: { 'os/linux/capabilities-retain-set': { set: [] } } },
    { securityContext: { capabilities: { drop: ['ALL'] } } },
  ],
  [
    'some capabilities',
    { isolators: { 'os/linux/capabilities-retain-set': { set: ['CAP_KILL'] } } },
    { securityContext: { capabilities: { drop: ['ALL'], add: ['KILL'] } } },
  ],
  [
    'fewer capabilities',
    { isolators: { 'os/linux/capabilities-remove-set': { set: ['CAP_KILL', 'CAP_MKNOD'] } } },
    { securityContext: { capabilities: { drop: ['KILL', 'MKNOD', 'AUDIT_WRITE', 'NET_RAW'] } } },
  ],
  [
    'privileges and filters',
    {
      isolators: {
        'os/linux/no-new-privileges': false,
        'os/linux/seccomp-retain-set': { set: ['@appc.io/all'] },
        'os/linux/apparmor-profile': 'p',
        'os/linux/selinux-context': { type: 't' },
      },
    },
    {
      securityContext: {
        allowPrivilegeEscalation: true,
        seccompProfile: { type: 'Unconfined' },
        appArmorProfile: { type: 'Localhost', localhostProfile: 'p' },
        seLinuxOptions: { type: 't' },
      },
    },
  ],
];

for (const [what, app, container] of APPS) {
  test(`an app with ${what}`, async () => {
    const { pod, lost } = await kubeOf(podText({ apps: [{ ...APP, ...app }] }));
    assert.deepEqual(lost, []);
    assert.deepEqual(pod.spec, specWith({ containers: [containerWith(container)] }));
  });
}

const LOST_OF_APP: readonly (readonly [app: object, ...fields: string[]])[] = [
  [{ user: 'www' }, 'user'],
  [{ group: '/etc' }, 'group'],
  [{ annotations: { a: 'b' } }, 'annotations'],
  [{ stop: { signal: 'SIGINT' } }, 'stop.signal'],
  [{ stop: { grace: '1500ms' } }, 'stop.grace'],
  [
    { restart: { policy: 'always', maxRetries: 3, backoff: { initial: '1s' } } },
    'restart.backoff',
    'restart.maxRetries',
  ],
  [{ hooks: { preStart: ['x'], postStop: ['y'], timeout: '5s' } }, 'hooks.preStart', 'hooks.postStop', 'hooks.timeout'],
  [{ ports: [{ name: 'a-name-that-is-long', port: 1 }] }, 'ports[0].name'],
  [{ ports: [{ name: '80', port: 80 }] }, 'ports[0].name'],
  [probed({ http: { port: 1, host: '::1' } }), 'probes.ready.http.host'],
  [probed({ tcp: { port: 1 }, timeout: '200ms' }), 'probes.ready.timeout'],
  [{ probes: { start: { tcp: { port: 1 }, successes: 2 } } }, 'probes.start.successes'],
  [{ isolators: { 'resource/pids': { limit: 5 } } }, 'isolators["resource/pids"]'],
  [{ isolators: { 'resource/cpu': { limit: 1, burst: 1 } } }, 'isolators["resource/cpu"].burst'],
  [{ isolators: { 'resource/hugetlb': { '2Mi': '2Mi' } } }, 'isolators["resource/hugetlb"]'],
  [{ isolators: { 'os/linux/seccomp-remove-set': { set: ['mount'] } } }, 'isolators["os/linux/seccomp-remove-set"]'],
  [
    { isolators: { 'os/linux/seccomp-retain-set': { set: ['@pod/default'] } } },
    'isolators["os/linux/seccomp-retain-set"]',
  ],
];

for (const [app, ...fields] of LOST_OF_APP) {
  test(`Kubernetes cannot say ${fields.join(', ')}`, async () => {
    const { lost } = await kubeOf(podText({ apps: [{ ...APP, ...app }] }));
    assert.deepEqual(lost.toSorted(), fields.map((field) => `apps[0].${field}`).toSorted());
  });
}

test('a probe of a port whose name Kubernetes does not have goes to its number', async () => {
  const app = { ...APP, ...probed({ tcp: { port: '80' } }), ports: [{ name: '80', port: 8080 }] };
  const { pod } = await kubeOf(podText({ apps: [app] }));
  const [container] = pod.spec['containers'] as Record<string, unknown>[];
  assert.deepEqual(container!['readinessProbe'], { tcpSocket: { port: 8080 } });
});
