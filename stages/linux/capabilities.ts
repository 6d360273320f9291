// capabilities(7), capset(2)

/** In the kernel's order: a capability's number is its index (linux/capability.h of 6.18). */
export const CAPABILITIES = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_DAC_READ_SEARCH',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETPCAP',
  'CAP_LINUX_IMMUTABLE',
  'CAP_NET_BIND_SERVICE',
  'CAP_NET_BROADCAST',
  'CAP_NET_ADMIN',
  'CAP_NET_RAW',
  'CAP_IPC_LOCK',
  'CAP_IPC_OWNER',
  'CAP_SYS_MODULE',
  'CAP_SYS_RAWIO',
  'CAP_SYS_CHROOT',
  'CAP_SYS_PTRACE',
  'CAP_SYS_PACCT',
  'CAP_SYS_ADMIN',
  'CAP_SYS_BOOT',
  'CAP_SYS_NICE',
  'CAP_SYS_RESOURCE',
  'CAP_SYS_TIME',
  'CAP_SYS_TTY_CONFIG',
  'CAP_MKNOD',
  'CAP_LEASE',
  'CAP_AUDIT_WRITE',
  'CAP_AUDIT_CONTROL',
  'CAP_SETFCAP',
  'CAP_MAC_OVERRIDE',
  'CAP_MAC_ADMIN',
  'CAP_SYSLOG',
  'CAP_WAKE_ALARM',
  'CAP_BLOCK_SUSPEND',
  'CAP_AUDIT_READ',
  'CAP_PERFMON',
  'CAP_BPF',
  'CAP_CHECKPOINT_RESTORE',
] as const;

export type CapabilityName = (typeof CAPABILITIES)[number];

const NUMBERS: ReadonlyMap<string, number> = new Map(CAPABILITIES.map((name, number) => [name, number]));

/** The capability's number; undefined for a name the kernel does not have. */
export function capabilityNumber(name: string): number | undefined {
  return NUMBERS.get(name);
}

/** The set of these capabilities as a mask, bit N for capability N. */
export function capabilityMask(names: readonly CapabilityName[]): bigint {
  return names.reduce((mask, name) => mask | (1n << BigInt(NUMBERS.get(name)!)), 0n);
}

export function hasCapability(mask: bigint, name: CapabilityName): boolean {
  return (mask & capabilityMask([name])) !== 0n;
}

/** The names in a mask, by number; `CAP_63` for a number without a name. */
export function capabilityNames(mask: bigint): string[] {
  const names: string[] = [];
  for (let number = 0, rest = mask; rest > 0n; number++, rest >>= 1n) {
    if (rest & 1n) names.push(CAPABILITIES[number] ?? `CAP_${number}`);
  }
  return names;
}
