import { BYTES_PATTERN } from '../manifest/quantity.ts';
import {
  addBlockLimits,
  blockOfImage,
  type BlockLimit,
  blockSchema,
  type BlockValue,
  lookForDisks,
  readBlockLimits,
  requireBlock,
} from './block-limits.ts';
import type { Isolator } from './isolator.ts';

const KIND: BlockLimit = {
  what: 'bandwidth',
  version1: { read: 'blkio.throttle.read_bps_device', write: 'blkio.throttle.write_bps_device' },
  version2: { read: 'rbps', write: 'wbps' },
};

export const BLOCK_BANDWIDTH: Isolator<BlockValue> = {
  name: 'resource/block-bandwidth',
  example: { default: true, limit: '100M' },
  scopes: ['app', 'pod'],
  schema: blockSchema(
    'Bytes a second to and from disks: `limit`, `read` and `write` for every disk of the host, `disks` for single disks. cgroup version 1 counts only direct and synchronous writes, not what the kernel writes later from its cache. With version 1, apps of a pod that has limits cannot have limits of their own.',
    { type: ['string', 'integer'], pattern: BYTES_PATTERN, minimum: 1 },
    'Bytes a second',
  ),
  look: lookForDisks,
  lower: (value, draft, context) =>
    addBlockLimits(value, KIND, requireBlock(context, BLOCK_BANDWIDTH.name), draft, context),
  ofImage: blockOfImage,
  readBack: (source) => readBlockLimits(source, KIND),
};
