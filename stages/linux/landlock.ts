// landlock(7), landlock_create_ruleset(2), landlock_add_rule(2), landlock_restrict_self(2); uapi/linux/landlock.h

export const LANDLOCK_RULE_PATH_BENEATH = 1;
export const LANDLOCK_RULE_NET_PORT = 2;

/** LANDLOCK_ACCESS_FS_*, and the ABI version that introduced each. */
export const LANDLOCK_ACCESS_FS: Readonly<Record<string, { readonly bit: bigint; readonly abi: number }>> = {
  EXECUTE: { bit: 1n << 0n, abi: 1 },
  WRITE_FILE: { bit: 1n << 1n, abi: 1 },
  READ_FILE: { bit: 1n << 2n, abi: 1 },
  READ_DIR: { bit: 1n << 3n, abi: 1 },
  REMOVE_DIR: { bit: 1n << 4n, abi: 1 },
  REMOVE_FILE: { bit: 1n << 5n, abi: 1 },
  MAKE_CHAR: { bit: 1n << 6n, abi: 1 },
  MAKE_DIR: { bit: 1n << 7n, abi: 1 },
  MAKE_REG: { bit: 1n << 8n, abi: 1 },
  MAKE_SOCK: { bit: 1n << 9n, abi: 1 },
  MAKE_FIFO: { bit: 1n << 10n, abi: 1 },
  MAKE_BLOCK: { bit: 1n << 11n, abi: 1 },
  MAKE_SYM: { bit: 1n << 12n, abi: 1 },
  REFER: { bit: 1n << 13n, abi: 2 },
  TRUNCATE: { bit: 1n << 14n, abi: 3 },
  IOCTL_DEV: { bit: 1n << 15n, abi: 5 },
};

export const LANDLOCK_ACCESS_NET_BIND_TCP: bigint = 1n << 0n;
export const LANDLOCK_ACCESS_NET_CONNECT_TCP: bigint = 1n << 1n;

/** struct landlock_ruleset_attr, up to the members of ABI 4. */
export function rulesetAttr(handledFs: bigint, handledNet: bigint): Uint8Array {
  return new Uint8Array(new BigUint64Array(handledNet === 0n ? [handledFs] : [handledFs, handledNet]).buffer);
}

/** The offset of the descriptor in struct landlock_path_beneath_attr, which is packed. */
export const PATH_BENEATH_FD_AT = 8;

/** struct landlock_path_beneath_attr without its descriptor, padded to 16 bytes. */
export function pathBeneathAttr(access: bigint): Uint8Array {
  return new Uint8Array(new BigUint64Array([access, 0n]).buffer);
}

/** struct landlock_net_port_attr */
export function netPortAttr(access: bigint, port: number): Uint8Array {
  return new Uint8Array(new BigUint64Array([access, BigInt(port)]).buffer);
}
