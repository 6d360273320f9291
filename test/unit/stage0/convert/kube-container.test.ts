import assert from 'node:assert/strict';
import { test } from 'node:test';
import { appOf, converted, podOf, refused } from './convert-case.ts';

function probed(probe: object): object {
  return { readinessProbe: probe };
}

function volumes(...list: object[]): object {
  return { volumes: list };
}

const M = { volumeMounts: [{ name: 'v', mountPath: '/v' }] };

/** A container's fields, what its app has besides, and further fields of the pod's `spec`. */
const BECOMES: readonly (readonly [what: string, container: object, app: object, spec?: object])[] = [
  ['nothing', {}, {}],
  ['null is nothing', { command: null, env: null, resources: null }, {}],
  ['what is empty says nothing', { resources: {}, envFrom: [], securityContext: {}, terminationMessagePath: '' }, {}],
  [
    'defaults that are written out',
    {
      imagePullPolicy: 'IfNotPresent',
      stdin: false,
      terminationMessagePath: '/dev/termination-log',
      terminationMessagePolicy: 'File',
      securityContext: { privileged: false, procMount: 'Default' },
    },
    {},
    {
      dnsPolicy: 'ClusterFirst',
      schedulerName: 'default-scheduler',
      enableServiceLinks: true,
      hostPID: false,
      hostIPC: false,
      automountServiceAccountToken: false,
      securityContext: {},
      os: { name: 'linux' },
    },
  ],
  ['command', { command: ['a', 'b'] }, { exec: ['a', 'b'] }],
  ['command and args', { command: ['a'], args: ['b', 'c'] }, { exec: ['a', 'b', 'c'] }],
  ['no args', { args: [] }, {}],
  [
    'variables in the command',
    { command: ['$(A)$(B)', '$$(A)', '$A', '$(', '$$'], env: [{ name: 'A', value: '1' }] },
    { exec: ['1$(B)', '$(A)', '$A', '$(', '$'], env: { A: '1' } },
  ],
  [
    'variables refer to those before them, and the last of a name wins',
    {
      env: [
        { name: 'A', value: '$(B)' },
        { name: 'B', value: 'b' },
        { name: 'C', value: '$(B)' },
        { name: 'E' },
        { name: 'B', value: 'c' },
      ],
    },
    { env: { A: '$(B)', B: 'c', C: 'b', E: '' } },
  ],
  ['working directory', { workingDir: '/srv' }, { workingDirectory: '/srv' }],
  ['terminal', { tty: true }, { tty: true }],
  [
    'ports',
    {
      ports: [
        { containerPort: 80 },
        { containerPort: 53, protocol: 'UDP' },
        { name: 'http', containerPort: 8080, protocol: 'TCP', hostPort: 80, hostIP: '127.0.0.1' },
        { name: 'x', containerPort: 1, hostPort: 0, hostIP: '' },
      ],
    },
    {
      ports: [
        { name: 'port-80', port: 80 },
        { name: 'port-53-udp', port: 53, protocol: 'udp' },
        { name: 'http', port: 8080, hostPort: 80, hostIP: '127.0.0.1' },
        { name: 'x', port: 1 },
      ],
    },
  ],
  ['limits', { resources: { limits: { cpu: '500m' } } }, { isolators: { 'resource/cpu': { limit: '500m' } } }],
  ['half a core', { resources: { limits: { cpu: 0.5 } } }, { isolators: { 'resource/cpu': { limit: 0.5 } } }],
  ['exponents', { resources: { limits: { cpu: '1e0' } } }, { isolators: { 'resource/cpu': { limit: '1000m' } } }],
  [
    'requests and limits',
    { resources: { requests: { cpu: '1', memory: '64Mi' }, limits: { cpu: '2', memory: '1G' } } },
    {
      isolators: { 'resource/cpu': { request: '1', limit: '2' }, 'resource/memory': { request: '64Mi', limit: '1G' } },
    },
  ],
  ['no request', { resources: { requests: { cpu: '0', memory: 0 } } }, {}],
  [
    'bytes in thousandths',
    { resources: { limits: { memory: '128974848000m' } } },
    { isolators: { 'resource/memory': { limit: '123Mi' } } },
  ],
  [
    'disk space',
    { resources: { limits: { 'ephemeral-storage': '2Gi' } } },
    { isolators: { 'resource/ephemeral-storage': { limit: '2Gi' } } },
  ],
  [
    'huge pages',
    { resources: { limits: { 'hugepages-2Mi': '4Mi' }, requests: { 'hugepages-2Mi': '4Mi' } } },
    { isolators: { 'resource/hugetlb': { '2Mi': '4Mi' } } },
  ],
  [
    'http probe',
    probed({ httpGet: { port: 80, path: 'ok?x=1', scheme: 'HTTP', httpHeaders: [{ name: 'X-A', value: 'b' }] } }),
    { probes: { ready: { http: { port: 80, path: '/ok?x=1', headers: { 'X-A': 'b' } } } } },
  ],
  [
    'probe of a named port',
    { ...probed({ tcpSocket: { port: 'db' } }), ports: [{ name: 'db', containerPort: 5432 }] },
    { ports: [{ name: 'db', port: 5432 }], probes: { ready: { tcp: { port: 'db' } } } },
  ],
  ['a number in quotes is a port', probed({ tcpSocket: { port: '80' } }), { probes: { ready: { tcp: { port: 80 } } } }],
  [
    'probe by a command',
    { ...probed({ exec: { command: ['$(A)'] } }), env: [{ name: 'A', value: 'a' }] },
    { env: { A: 'a' }, probes: { ready: { exec: ['a'] } } },
  ],
  [
    'grpc probe',
    probed({ grpc: { port: 1, service: 's' } }),
    { probes: { ready: { grpc: { port: 1, service: 's' } } } },
  ],
  [
    'numbers of probes',
    {
      startupProbe: { exec: { command: ['x'] }, failureThreshold: 30, periodSeconds: 2 },
      livenessProbe: {
        exec: { command: ['x'] },
        initialDelaySeconds: 3,
        periodSeconds: 0,
        timeoutSeconds: 4,
        successThreshold: 1,
        failureThreshold: 5,
      },
    },
    {
      probes: {
        start: { exec: ['x'], period: '2s', failures: 30 },
        live: { exec: ['x'], initialDelay: '3s', timeout: '4s', successes: 1, failures: 5 },
      },
    },
  ],
  [
    'hooks',
    { lifecycle: { postStart: { exec: { command: ['a'] } }, preStop: { exec: { command: ['$(b)'] } } } },
    { hooks: { postStart: ['a'], preStop: ['$(b)'] } },
  ],
  ['stop signal', { lifecycle: { stopSignal: 'SIGUSR1' } }, { stop: { signal: 'SIGUSR1' } }],
  ['an empty directory', M, { mounts: [{ volume: 'v', path: '/v' }] }, volumes({ name: 'v', emptyDir: {} })],
  [
    'a mount',
    { volumeMounts: [{ name: 'v', mountPath: '/v/', subPath: 'a/', readOnly: true, mountPropagation: 'None' }] },
    { mounts: [{ volume: 'v', path: '/v', readOnly: true, subPath: 'a' }] },
    volumes({ name: 'v' }),
  ],
];

for (const [what, container, app, spec] of BECOMES) {
  test(`of a container: ${what}`, async () => {
    assert.deepEqual(await appOf(podOf(container, spec)), app);
  });
}

/** What has no counterpart, by its field. */
const LOST: readonly (readonly [container: object, field: string, spec?: object])[] = [
  [{ imagePullPolicy: 'Always' }, 'imagePullPolicy'],
  [{ env: [{ name: 'A', valueFrom: { fieldRef: {} } }] }, 'env[0].valueFrom'],
  [{ envFrom: [{ configMapRef: { name: 'c' } }] }, 'envFrom'],
  [{ stdin: true }, 'stdin'],
  [{ volumeDevices: [{ name: 'x', devicePath: '/dev/x' }] }, 'volumeDevices'],
  [{ resizePolicy: [{}] }, 'resizePolicy'],
  [{ terminationMessagePolicy: 'FallbackToLogsOnError' }, 'terminationMessagePolicy'],
  [{ resources: { limits: { 'nvidia.com/gpu': 1 } } }, 'resources.limits["nvidia.com/gpu"]'],
  [{ resources: { limits: { memory: 0 } } }, 'resources.limits.memory'],
  [{ resources: { requests: { 'ephemeral-storage': '1Gi' } } }, 'resources.requests.ephemeral-storage'],
  [{ resources: { claims: [{ name: 'x' }] } }, 'resources.claims'],
  [{ ports: [{ containerPort: 1, hostIP: '127.0.0.1' }] }, 'ports[0].hostIP'],
  [probed({ httpGet: { port: 1, host: '10.0.0.1' } }), 'readinessProbe.httpGet.host'],
  [
    probed({ httpGet: { port: 1, httpHeaders: [{ name: 'A' }, { name: 'A' }] } }),
    'readinessProbe.httpGet.httpHeaders[1]',
  ],
  [
    { livenessProbe: { tcpSocket: { port: 1 }, terminationGracePeriodSeconds: 3 } },
    'livenessProbe.terminationGracePeriodSeconds',
  ],
  [{ lifecycle: { preStop: { sleep: { seconds: 3 } } } }, 'lifecycle.preStop.sleep'],
  [{ lifecycle: { postStart: { httpGet: { port: 1 } } } }, 'lifecycle.postStart.httpGet'],
  [{ securityContext: { runAsNonRoot: true } }, 'securityContext.runAsNonRoot'],
  [
    { securityContext: { seccompProfile: { type: 'Localhost', localhostProfile: 'p' } } },
    'securityContext.seccompProfile.type',
  ],
  [{ securityContext: { seLinuxOptions: { level: 's0' } } }, 'securityContext.seLinuxOptions'],
  [{ securityContext: { procMount: 'Unmasked' } }, 'securityContext.procMount'],
  [{ nope: 1 }, 'nope'],
];

for (const [container, field, spec] of LOST) {
  test(`no counterpart: ${field}`, async () => {
    const { lost } = await converted(podOf(container, spec));
    assert.deepEqual(lost, [`spec.containers[0].${field}`]);
  });
}

/** What is an error even if the rest may be lost. */
const REFUSED: readonly (readonly [container: object, ...fields: string[]])[] = [
  [{ args: ['x'] }, 'args convert/no-counterpart'],
  [{ restartPolicy: 'Always' }, 'restartPolicy convert/no-counterpart'],
  [{ securityContext: { privileged: true } }, 'securityContext.privileged convert/no-counterpart'],
  [
    { securityContext: { capabilities: { add: ['ALL'] } } },
    'securityContext.capabilities.add[0] convert/no-counterpart',
  ],
  [
    { volumeMounts: [{ name: 'v', mountPath: '/v', subPathExpr: '$(A)' }] },
    'volumeMounts[0].subPathExpr convert/no-counterpart',
  ],
  [probed({ httpGet: { port: 1, scheme: 'HTTPS' } }), 'readinessProbe.httpGet.scheme convert/no-counterpart'],
  [{ ports: [{ containerPort: 1, protocol: 'SCTP' }] }, 'ports[0].protocol convert/no-counterpart'],
  [{ env: [{ name: 'A', value: 1 }] }, 'env[0].value manifest/schema'],
  [{ env: [{ value: 'a' }] }, 'env[0] manifest/schema'],
  [{ env: { A: 'b' } }, 'env manifest/schema'],
  [{ command: 'ls' }, 'command manifest/schema'],
  [{ tty: 'yes' }, 'tty manifest/schema'],
  [{ resources: { limits: { cpu: 'lots' } } }, 'resources.limits.cpu manifest/schema'],
  [{ resources: { limits: { memory: '-1Gi' } } }, 'resources.limits.memory manifest/schema'],
];

for (const [container, ...fields] of REFUSED) {
  test(`refused: ${fields.join(', ')}`, async () => {
    assert.deepEqual(
      await refused(podOf(container, { volumes: [{ name: 'v' }] })),
      fields.map((field) => `spec.containers[0].${field}`),
    );
  });
}

/** What only pod/v1 does not allow is said with its own names, at the place in the file that was read. */
const NOT_HERE: readonly (readonly [container: object, field: string])[] = [
  [{ image: undefined }, 'apps[0] manifest/schema'],
  [{ name: 'A' }, 'apps[0].name manifest/schema'],
  [{ securityContext: { runAsUser: 1_000_650_000 } }, 'apps[0].user manifest/schema'],
  [{ volumeMounts: [{ name: 'v', mountPath: '/v' }] }, 'apps[0].mounts[0].volume manifest/reference'],
  [probed({ tcpSocket: { port: 'x' } }), 'apps[0].probes.ready.tcp.port manifest/reference'],
];

for (const [container, field] of NOT_HERE) {
  test(`not in pod/v1: ${field}`, async () => assert.deepEqual(await refused(podOf(container)), [field]));
}
