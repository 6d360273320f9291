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
  what: 'operations',
  version1: { read: 'blkio.throttle.read_iops_device', write: 'blkio.throttle.write_iops_device' },
  version2: { read: 'riops', write: 'wiops' },
};

export const BLOCK_IOPS: Isolator<BlockValue> = {
  name: 'resource/block-iops',
  example: { default: true, limit: 1000 },
  scopes: ['app', 'pod'],
  schema: blockSchema(
    'Operations a second on disks: `limit`, `read` and `write` for every disk of the host, `disks` for single disks. The restrictions of cgroup version 1 are those of resource/block-bandwidth.',
    {
      type: ['string', 'integer'],
      // The kernel reads 32 bits.
      pattern: '^[0-9]{1,9}$',
      minimum: 1,
      maximum: 4_294_967_295,
      'x-expects': 'a number of operations: a whole number above 0',
    },
    'Operations a second',
  ),
  look: lookForDisks,
  lower: (value, draft, context) => addBlockLimits(value, KIND, requireBlock(context, BLOCK_IOPS.name), draft, context),
  ofImage: blockOfImage,
  readBack: (source) => readBlockLimits(source, KIND),
};
