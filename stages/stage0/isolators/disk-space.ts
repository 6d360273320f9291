import { IN_THE_POD } from './fixed.ts';
import type { Isolator } from './isolator.ts';
import { limitStorage, storageInForce, type StorageValue, storageSchema } from './storage-limit.ts';

export const DISK_SPACE: Isolator<StorageValue> = {
  name: 'resource/disk-space',
  example: { limit: '16Mi' },
  scopes: ['app'],
  isOfDisk: true,
  schema: storageSchema(
    "What the app may have written to its root file system at a time: its writable layer, without volumes and logs. Kept by the kernel, with a project quota where the state directory's file system has them (ext4 and XFS mounted with `prjquota`, and a pod with a user namespace of its own), else with a file system of that size: a tmpfs where the state directory is on one, an ext4 image everywhere else. At the limit a write fails with ENOSPC or EDQUOT.",
  ),
  look: (_value, _host, podsDir) => [`store ${podsDir}`],
  lower: (value, draft, context) => limitStorage('layer', value, draft, context),
  fixed: IN_THE_POD,
  readBackNeedsValue: true,
  readBack: storageInForce,
};
