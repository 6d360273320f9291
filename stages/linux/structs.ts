// Structs of system calls, as bytes for a tape or a buffer.

function words64(...values: readonly (number | bigint)[]): Uint8Array {
  const bytes = new Uint8Array(8 * values.length);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => {
    view.setBigUint64(8 * i, BigInt.asUintN(64, BigInt(value)), true);
  });
  return bytes;
}

/** A member of 64 bits, such as a length. */
export function u64(value: number): Uint8Array {
  return words64(value);
}

/** struct open_how of openat2(2). */
export function openHow(flags: number, resolve: number, mode = 0): Uint8Array {
  return words64(flags, mode, resolve);
}

/** Bytes of struct mount_attr, for mount_setattr(2)'s last argument. */
export const MOUNT_ATTR_SIZE = 32;
/** Offset of its userns_fd. */
export const MOUNT_ATTR_USERNS_AT = 24;

export interface MountAttr {
  readonly set?: bigint;
  readonly clear?: bigint;
  readonly propagation?: bigint;
  /** Of MOUNT_ATTR_IDMAP: a descriptor of the user namespace. */
  readonly userns?: number;
}

/** struct mount_attr of mount_setattr(2). A tape fills in `userns` itself, when it has the descriptor. */
export function mountAttr({ set = 0n, clear = 0n, propagation = 0n, userns = 0 }: MountAttr): Uint8Array {
  return words64(set, clear, propagation, userns);
}

/** struct rlimit64 of prlimit(2). */
export function rlimit64(soft: bigint, hard: bigint): Uint8Array {
  return words64(soft, hard);
}

/** `_LINUX_CAPABILITY_VERSION_3` of linux/capability.h: the only version of capset(2) with 64-bit sets. */
const LINUX_CAPABILITY_VERSION_3 = 0x20080522;

/** struct __user_cap_header_struct of capset(2), for the calling thread. */
export function capabilityHeader(): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setUint32(0, LINUX_CAPABILITY_VERSION_3, true);
  return bytes;
}

/** struct __user_cap_data_struct[2] of capset(2): the low and the high halves of the three sets. */
export function capabilityData(effective: bigint, permitted: bigint, inheritable: bigint): Uint8Array {
  const bytes = new Uint8Array(24);
  const view = new DataView(bytes.buffer);
  [effective, permitted, inheritable].forEach((set, i) => {
    view.setUint32(4 * i, Number(set & 0xffffffffn), true);
    view.setUint32(12 + 4 * i, Number(set >> 32n), true);
  });
  return bytes;
}

/** An array of gid_t. */
export function gidArray(gids: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(Math.max(4, 4 * gids.length));
  const view = new DataView(bytes.buffer);
  gids.forEach((gid, i) => {
    view.setUint32(4 * i, gid, true);
  });
  return bytes;
}
