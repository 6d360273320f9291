import { IN_THE_POD } from './fixed.ts';
import type { Isolator } from './isolator.ts';
import { limitStorage, storageInForce, type StorageValue, storageSchema } from './storage-limit.ts';

export const EPHEMERAL_STORAGE: Isolator<StorageValue> = {
  name: 'resource/ephemeral-storage',
  example: { limit: '16Mi' },
  scopes: ['app', 'pod'],
  isOfDisk: true,
  schema: storageSchema(
    'What it may have on disk at a time, as Kubernetes counts it: writable layers, logs and `empty` volumes on disk that have no size of their own. In an app: its layer, its log and the volumes that it alone mounts. In the pod: those of all its apps. Logs get an eighth of it, and at most the 50 Mi an app that they may have without it: they are rotated earlier. Kept in the same ways as `resource/disk-space`.',
  ),
  look: (_value, _host, podsDir) => [`store ${podsDir}`],
  lower: (value, draft, context) => limitStorage('all', value, draft, context),
  fixed: IN_THE_POD,
  readBackNeedsValue: true,
  readBack: storageInForce,
};
