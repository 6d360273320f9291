import { IN_THE_POD } from './fixed.ts';
import type { Isolator } from './isolator.ts';
import { limitStorage, storageInForce, type StorageValue, storageSchema } from './storage-limit.ts';

export const DISK_SPACE: Isolator<StorageValue> = {
  name: 'resource/disk-space',
  example: { limit: '16Mi' },
  scopes: ['app'],
  isOfDisk: true,
  schema: storageSchema(
    "The maximum size of the writable layer of the app's root file system, without volumes and logs. The kernel enforces the limit with a project quota if the file system of the state directory supports it (ext4 and XFS mounted with `prjquota`) and the pod has its own user namespace. Otherwise the layer is a file system of that size: a tmpfs if the state directory is on a tmpfs, else an ext4 image. At the limit, a write fails with ENOSPC or EDQUOT.",
  ),
  look: (_value, _host, podsDir) => [`store ${podsDir}`],
  lower: (value, draft, context) => limitStorage('layer', value, draft, context),
  fixed: IN_THE_POD,
  readBackNeedsValue: true,
  readBack: storageInForce,
};
