import { IN_THE_POD } from './fixed.ts';
import type { Isolator } from './isolator.ts';
import { limitStorage, storageInForce, type StorageValue, storageSchema } from './storage-limit.ts';

export const EPHEMERAL_STORAGE: Isolator<StorageValue> = {
  name: 'resource/ephemeral-storage',
  example: { limit: '16Mi' },
  scopes: ['app', 'pod'],
  isOfDisk: true,
  schema: storageSchema(
    'The maximum disk space, counted as in Kubernetes: writable layers, logs and `empty` volumes on disk that have no size of their own. For an app: its layer, its log and the volumes that only this app mounts. For the pod: those of all its apps. Logs get an eighth of the limit, and at most the 50 Mi an app that is their limit otherwise: they are rotated earlier. Enforced in the same way as `resource/disk-space`.',
  ),
  look: (_value, _host, podsDir) => [`store ${podsDir}`],
  lower: (value, draft, context) => limitStorage('all', value, draft, context),
  fixed: IN_THE_POD,
  readBackNeedsValue: true,
  readBack: storageInForce,
};
