const MASK = (1n << 64n) - 1n;

/**
 * A 64-bit hash to derive names and addresses from names (FNV-1a, then MurmurHash3's finalizer, because FNV's high bits are weak).
 * Not for secrets: loading `node:crypto` for a better hash would cost a start more than its whole network.
 */
export function hash64(text: string): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(text)) hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & MASK;
  hash = ((hash ^ (hash >> 33n)) * 0xff51afd7ed558ccdn) & MASK;
  hash = ((hash ^ (hash >> 33n)) * 0xc4ceb9fe1a85ec53n) & MASK;
  return hash ^ (hash >> 33n);
}
