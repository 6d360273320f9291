// Fields of Kubernetes that have no counterpart here, and what to do about them. A field that is in no table is reported all the
// same; those here have a better answer than "remove it".

import { DEVICES } from '../../isolators/devices.ts';

const ALONE = 'pod runs on one host and places nothing: remove it';
const RECORD = 'the cluster wrote it: remove it';
const NO_ACCOUNT = 'there is no cluster to have an account with: remove it';
const EXTERNAL = 'make a directory of the host available with hostPath';
/** What to do about anything that is a device. */
export const DEVICE: string = `an app gets a device with the isolator ${DEVICES.name}`;

type Hints = Readonly<Record<string, string>>;

export const LOST_OF_METADATA: Hints = {
  generateName: 'give the pod a name',
  namespace: 'pods are told apart by name and labels: remove it',
  creationTimestamp: RECORD,
  deletionGracePeriodSeconds: RECORD,
  deletionTimestamp: RECORD,
  finalizers: RECORD,
  generation: RECORD,
  managedFields: RECORD,
  ownerReferences: RECORD,
  resourceVersion: RECORD,
  selfLink: RECORD,
  uid: RECORD,
};

export const LOST_OF_OBJECT: Hints = { status: RECORD };

export const LOST_OF_POD_SPEC: Hints = {
  activeDeadlineSeconds: 'give the limit to "pod run --timeout"',
  affinity: ALONE,
  dnsConfig: "the pod has the host's name servers; put a resolv.conf in a volume instead",
  ephemeralContainers: '"pod exec" runs a command in an app',
  hostAliases: 'put an /etc/hosts in a volume instead',
  imagePullSecrets: '"podman login" or "docker login" stores what is needed to fetch an image',
  nodeName: ALONE,
  nodeSelector: ALONE,
  overhead: ALONE,
  preemptionPolicy: ALONE,
  priority: ALONE,
  priorityClassName: ALONE,
  readinessGates: 'a pod is ready when all its apps are: write a readinessProbe',
  resourceClaims: DEVICE,
  runtimeClassName: 'pod is the only runtime: remove it',
  schedulingGates: ALONE,
  serviceAccount: NO_ACCOUNT,
  serviceAccountName: NO_ACCOUNT,
  subdomain: 'write the whole name as hostname',
  tolerations: ALONE,
  topologySpreadConstraints: ALONE,
};

export const LOST_OF_CONTAINER: Hints = {
  envFrom: 'write each variable with its value',
  resizePolicy: '"pod update" changes limits of a pod that runs',
  volumeDevices: DEVICE,
};

/** By the kind of the volume. */
export const LOST_OF_VOLUME: Hints = {
  awsElasticBlockStore: EXTERNAL,
  azureDisk: EXTERNAL,
  azureFile: EXTERNAL,
  cephfs: EXTERNAL,
  cinder: EXTERNAL,
  csi: EXTERNAL,
  downwardAPI: 'the metadata service tells an app about its pod: see "metadataService"',
  ephemeral: 'use emptyDir, or a directory of the host with hostPath',
  fc: EXTERNAL,
  flexVolume: EXTERNAL,
  flocker: EXTERNAL,
  gcePersistentDisk: EXTERNAL,
  gitRepo: EXTERNAL,
  glusterfs: EXTERNAL,
  image: EXTERNAL,
  iscsi: EXTERNAL,
  nfs: EXTERNAL,
  persistentVolumeClaim: EXTERNAL,
  photonPersistentDisk: EXTERNAL,
  portworxVolume: EXTERNAL,
  projected: 'write one volume for each source, configMap or hostPath',
  quobyte: EXTERNAL,
  rbd: EXTERNAL,
  scaleIO: EXTERNAL,
  secret: 'keep the secret in a directory of the host that only root can read, and use hostPath',
  storageos: EXTERNAL,
  vsphereVolume: EXTERNAL,
};

export const LOST_OF_POD_SECURITY: Hints = {
  fsGroup: 'give the directory to the group on the host, or use supplementalGroups',
  fsGroupChangePolicy: 'pod changes no owners of volumes: remove it',
  windowsOptions: 'pod runs on Linux: remove it',
};

export const LOST_OF_SECURITY: Hints = {
  windowsOptions: 'pod runs on Linux: remove it',
};

export const LOST_OF_DEPLOYMENT: Hints = {
  progressDeadlineSeconds: '"pod apply --wait" waits for what it applies',
  revisionHistoryLimit: '"pod rollout history" shows what is kept',
};

export const LOST_OF_STATEFUL_SET: Hints = {
  revisionHistoryLimit: '"pod rollout history" shows what is kept',
  serviceName: 'a pod is reached by its address: remove it',
  volumeClaimTemplates: 'use a directory of the host with hostPath',
};

export const LOST_OF_JOB: Hints = {
  activeDeadlineSeconds: 'give the limit to "pod run --timeout"',
  backoffLimit: 'write restart: {policy: on-failure, maxRetries: N} for the app that may fail',
  podFailurePolicy: 'write the restart policy of the app',
  ttlSecondsAfterFinished: '"pod run --rm" removes a pod when it has ended, "pod gc" when it has been dead for a while',
};
