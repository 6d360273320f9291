// What fields of Kubernetes' and Compose's manifests are called here: the most frequent unknown fields, and no edit distance finds them.

type Names = Readonly<Record<string, string>>;

const EXEC = 'it is called "exec" here: one list of the program and its arguments';
const ISOLATORS = 'requests, limits and privileges are "isolators" here; docs/manifest.md lists them';
const PROBE = (name: string): string => `it is written probes: {${name}: {…}} here`;
const APPS = 'it is called "apps" here';
const MOUNTS = 'it is called "mounts" here: a list of {volume: NAME, path: /PATH}';
const AFTER = 'it is written after: [{app: NAME, condition: ready}] here';
const METADATA = 'it belongs in "metadata"';
const RESTART = 'every app has its own: restart: {policy: always}';

const OF_POD: Names = {
  spec: 'there is no "spec" here: its fields stand at the top level',
  containers: APPS,
  services: `${APPS}, and is a list: each app has a "name"`,
  initContainers: 'write an app for each, and after: [{app: NAME, condition: completed}] for those that wait for it',
  name: METADATA,
  labels: METADATA,
  annotations: METADATA,
  restartPolicy: RESTART,
  restart: RESTART,
  hostNetwork: 'it is written network: {mode: host} here',
  networks: 'it is called "network" here: {mode: bridge}',
  terminationGracePeriodSeconds: 'every app has its own: stop: {grace: 10s}',
  securityContext: ISOLATORS,
  resources: ISOLATORS,
};

const OF_APP: Names = {
  command: EXEC,
  cmd: EXEC,
  args: EXEC,
  entrypoint: EXEC,
  environment: 'it is called "env" here: {NAME: "value"}',
  resources: ISOLATORS,
  securityContext: ISOLATORS,
  privileged: ISOLATORS,
  cap_add: ISOLATORS,
  cap_drop: ISOLATORS,
  sysctls: ISOLATORS,
  ulimits: ISOLATORS,
  devices: ISOLATORS,
  volumeMounts: MOUNTS,
  volumes: MOUNTS,
  livenessProbe: PROBE('live'),
  readinessProbe: PROBE('ready'),
  startupProbe: PROBE('start'),
  healthcheck: PROBE('ready'),
  lifecycle: 'it is called "hooks" here: {postStart: [PROGRAM], preStop: [PROGRAM]}',
  depends_on: AFTER,
  dependsOn: AFTER,
  restartPolicy: 'it is written restart: {policy: always} here',
  readOnlyRootFilesystem: 'it is called "readOnlyRootFS" here',
  read_only: 'it is called "readOnlyRootFS" here',
  imagePullPolicy: 'there is no such field: the image reference decides',
  stop_signal: 'it is written stop: {signal: SIGTERM} here',
  stop_grace_period: 'it is written stop: {grace: 10s} here',
  stdin: 'input is given with "pod run -i"',
  hostname: 'all apps of a pod share one: it belongs at the top level',
  network_mode: 'all apps of a pod share one network: it belongs at the top level',
};

const OF_PROBE: Names = {
  httpGet: 'it is called "http" here',
  tcpSocket: 'it is called "tcp" here',
  initialDelaySeconds: 'it is called "initialDelay" here, with a unit: 5s',
  periodSeconds: 'it is called "period" here, with a unit: 10s',
  timeoutSeconds: 'it is called "timeout" here, with a unit: 1s',
  failureThreshold: 'it is called "failures" here',
  successThreshold: 'it is called "successes" here',
  interval: 'it is called "period" here',
  retries: 'it is called "failures" here',
  start_period: 'it is called "initialDelay" here',
  test: 'it is called "exec" here',
};

const OF_VOLUME: Names = {
  emptyDir: 'it is written kind: empty here',
  hostPath: 'it is written kind: host, source: PATH here',
  configMap: 'it is written kind: inline, files: {NAME: TEXT} here',
  secret: 'it is written kind: inline, files: {NAME: TEXT} here',
};

const OF_MOUNT: Names = {
  name: 'it is called "volume" here',
  source: 'it is called "volume" here: the name of one of the pod\'s volumes',
  mountPath: 'it is called "path" here',
  target: 'it is called "path" here',
};

const OF_PORT: Names = {
  containerPort: 'it is called "port" here',
  target: 'it is called "port" here',
  published: 'it is called "hostPort" here',
};

const PLACES: readonly (readonly [place: RegExp, names: Names])[] = [
  [/^$/, OF_POD],
  [/^\/apps\/\d+$/, OF_APP],
  [/^\/apps\/\d+\/probes\/[a-z]+$/, OF_PROBE],
  [/^\/volumes\/\d+$/, OF_VOLUME],
  [/^\/apps\/\d+\/mounts\/\d+$/, OF_MOUNT],
  [/^\/apps\/\d+\/ports\/\d+$/, OF_PORT],
];

/** How `field` of the object at `pointer` is written here, if Kubernetes or Compose know it by that name. */
export function otherNameHint(field: string, pointer: string): string | undefined {
  const names = PLACES.find(([place]) => place.test(pointer))?.[1];
  return names !== undefined && Object.hasOwn(names, field) ? names[field] : undefined;
}
